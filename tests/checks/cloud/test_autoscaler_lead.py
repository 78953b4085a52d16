from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.builders import MIB, RULES, capacity, judge, level, load, repository, resources, stress, trial, window
from grader.schema.evidence import Probe

LOAD = load(window("steady", use=resources(cpu_seconds=3.6)), window("spike", 3000, seconds=10.0, use=resources(cpu_seconds=2.4)))
LOCKED = capacity(200, trial(180, cpu_share=0.05), trial(220, False, cpu_share=0.05), trial(200, phase="confirm", cpu_share=0.05), bursts=[])
"""A lock: the target breaks at 200 requests/s with a twentieth of the CPU in use, whatever comes."""


def scaled(target=60.0, request=0.5, found=None, **changes):
    """The sound service breaks at 2000 requests/s with 0.8 cores in use."""
    probes = {"autoscaler": 6, "autoscaler_cpu_target": target, "autoscaler_other_metric": False, "declared_cpu_request": request} | changes
    return {"repository": repository(detail="CPU", **probes), "load": LOAD, "stress": stress(found)}


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("in_time", scaled()),
        ("in_time", scaled(135)),
        ("late", scaled(150)),
        ("never", scaled(170)),
        ("never", scaled(60, 0.5, LOCKED)),
        ("in_time", scaled(60, 0.05, LOCKED)),
        ("never", scaled(request=False)),
        ("never", scaled(found=capacity(None))),
        ("none", scaled(autoscaler=False)),
        ("none", scaled(autoscaler=None)),
        ("none", scaled(target=False)),
        ("not_applicable", scaled(target=False, autoscaler_other_metric=1)),
        ("not_applicable", scaled(170, autoscaler_other_metric=1)),
        ("in_time", scaled(60, autoscaler_other_metric=1)),
        ("unknown", scaled(target=Probe(subject=True, found=True, detail="300m of no known request"))),
        ("unknown", scaled(target=Probe(subject=True, found=True, detail="300m of no known request"), request=False)),
        ("in_time", scaled(found=capacity(2000, limited_by="generator"))),
        ("unknown", scaled(150, found=capacity(2000, limited_by="highest_rate"))),
        ("in_time", scaled(found=capacity(2000, void="a neighbour"))),
        ("unknown", scaled(170, found=capacity(2000, void="a neighbour"))),
        ("unknown", scaled(found=capacity(2000, trial(2000, cpu_share=None)))),
        ("unknown", {**scaled(), "stress": stress().model_copy(update={"capacity": None})}),
        ("unknown", {**scaled(), "repository": repository()}),
        ("in_time", scaled(80, 0.25, declared_cpu_limit=0.25)),
        ("late", scaled(100, 0.24, declared_cpu_limit=0.25)),
        ("never", scaled(100, 0.3, declared_cpu_limit=0.25)),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("autoscaler_lead", **evidence) == expected


def watching(metrics, grown_to=60):
    steady = window("steady", use=resources(memory_end_bytes=50 * MIB))
    spike = window("spike", 3000, seconds=10.0, use=resources(memory_peak_bytes=grown_to * MIB))
    other = Probe(subject=True, found=True, value=len(metrics.split(", ")), detail=metrics)
    return scaled(target=False, autoscaler_other_metric=other) | {"load": load(steady, spike)}


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("never", watching("memory")),
        ("never", watching("cron")),
        ("never", watching("cron, memory")),
        ("not_applicable", watching("memory", grown_to=90)),
        ("not_applicable", watching("fraud_in_flight, memory")),
        ("not_applicable", watching("requests in flight")),
        ("not_applicable", watching("memory") | {"load": load(window("steady"))}),
        ("in_time", scaled(autoscaler_other_metric=Probe(subject=True, found=True, value=1, detail="memory"))),
    ],
)
def test_a_clock_and_memory_that_stays_as_it_was_tell_no_load(expected, evidence):
    assert level("autoscaler_lead", **evidence) == expected


def test_the_sentence_says_where_on_the_curve_it_fires():
    said = judge("autoscaler_lead", **scaled()).observed
    assert said == "it adds a replica at 0.3 cores per replica (about 495 requests/s); the latency target breaks beyond 0.8 cores (2000 requests/s)"


def test_of_a_service_that_waits_it_says_that_no_load_trips_the_threshold():
    assert "at no load did it use more than 0.05" in judge("autoscaler_lead", **scaled(60, 0.5, LOCKED)).observed
    assert "by then the target is long broken" in judge("autoscaler_lead", **scaled(170)).observed


@given(st.floats(1, 400), st.floats(1, 400), st.sampled_from([None, LOCKED]))
def test_a_higher_threshold_is_never_better(one, other, found):
    lower, higher = (judge("autoscaler_lead", **scaled(target, found=found)).level for target in sorted((one, other)))
    ladder = RULES["autoscaler_lead"].ladder
    assert ladder[higher].credit <= ladder[lower].credit


@given(st.floats(0.02, 1), st.floats(0.02, 1))
def test_the_more_cpu_is_in_use_at_the_limit_the_better_for_a_threshold(one, other):
    ladder = RULES["autoscaler_lead"].ladder
    less, more = (
        judge("autoscaler_lead", **scaled(found=capacity(900, trial(900, cpu_share=share), bursts=[]))).level for share in sorted((one, other))
    )
    assert ladder[more].credit >= ladder[less].credit
