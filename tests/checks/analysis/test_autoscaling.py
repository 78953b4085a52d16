"""The curve of rate, CPU and p99, and where a threshold lies on it."""

from __future__ import annotations

import pytest

from checks.builders import CHALLENGE, capacity, load, repository, resources, stress, trial, window
from grader.checks.analysis.autoscaling import CurvePoint, curve, most_cores, rate_at, slo_limit, threshold_cores
from grader.schema.evidence import Probe

WINDOWS = load(
    window("warmup"),
    window("spike", 3000, seconds=10.0, use=resources(cpu_seconds=2.4)),
    window("steady", use=resources(cpu_seconds=3.6)),
    window("ramp", 2400, seconds=15.0, use=resources(cpu_seconds=3.0)),
)


def test_points_come_by_rate_and_only_from_what_counts():
    made = stress(capacity(2000, trial(500), trial(900, False, aborted=True), trial(700, None, void="noise"), trial(2000, cpu_share=None)))
    found = curve(WINDOWS, made, CHALLENGE)
    assert [(p.name, p.rate_rps, round(p.cpu_cores, 3)) for p in found] == [
        ("steady", 100, 0.12), ("ramp", 160, 0.2), ("spike", 300, 0.24), ("trial at 500/s", 500, 0.2),
    ]  # fmt: skip


def test_void_and_unanswered_windows_are_left_out():
    spoilt = load(window("steady", void="noise"), window("spike", 3000, seconds=10.0, errors={"timeout": 3000}))
    assert curve(spoilt, None, CHALLENGE) == [] and curve(None, None, CHALLENGE) == []


def test_shares_are_of_the_challenges_cpus():
    double = CHALLENGE.model_copy(update={"limits": CHALLENGE.limits.model_copy(update={"cpus": 2})})
    assert curve(None, stress(capacity(500, trial(500, cpu_share=0.4))), double) == [CurvePoint(500, 0.8, 20.0, "trial at 500/s")]


@pytest.mark.parametrize(
    ("probes", "cores"),
    [
        ({"autoscaler_cpu_target": 60, "declared_cpu_request": 0.5}, 0.3),
        ({"autoscaler_cpu_target": 150, "declared_cpu_request": 0.2}, 0.3),
        ({"autoscaler_cpu_target": 60, "declared_cpu_request": False}, None),
        ({"autoscaler_cpu_target": False, "declared_cpu_request": 0.5}, None),
        ({"autoscaler_cpu_target": Probe(subject=True, found=True), "declared_cpu_request": 0.5}, None),
        ({}, None),
    ],
)
def test_the_threshold_is_the_target_times_the_request(probes, cores):
    assert threshold_cores(repository(**probes)) == (None if cores is None else pytest.approx(cores))


def test_the_limit_is_read_where_the_confirmed_rate_was_held():
    found = capacity(1800, trial(1900), trial(1700), trial(1800, phase="confirm"), trial(2000, False))
    limit = slo_limit(found, repository(), CHALLENGE)
    assert limit is not None and (limit.cores, limit.rate_rps, limit.at_least) == (pytest.approx(0.72), 1800, False)
    assert slo_limit(capacity(None), repository(), CHALLENGE) is None
    assert most_cores(found, CHALLENGE) == 0.9


def test_a_replica_declared_with_less_cpu_breaks_where_that_is_used_up():
    limit = slo_limit(capacity(2000, limited_by="generator"), repository(declared_cpu_limit=0.25), CHALLENGE)
    assert limit is not None and (limit.cores, limit.at_least) == (0.25, False)
    wide = slo_limit(capacity(2000, limited_by="generator"), repository(declared_cpu_limit=2), CHALLENGE)
    assert wide is not None and (wide.cores, wide.at_least) == (pytest.approx(0.8), True)


def test_a_rate_is_read_between_points_and_never_beyond_them():
    points = [CurvePoint(100, 0.1, 5, "a"), CurvePoint(300, 0.3, 6, "b"), CurvePoint(400, 0.3, 6, "c")]
    assert rate_at(points, 0.2) == pytest.approx(200)
    assert rate_at(points, 0.05) is None and rate_at(points, 0.31) is None and rate_at([], 0.1) is None
