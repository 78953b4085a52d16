from __future__ import annotations

import pytest

from checks.builders import judge, level, load, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("stands", {"load": load(window("spike", 3000, seconds=10.0, p95=40))}),
        ("stands", {"load": load(window("spike", 3000, seconds=10.0, errors={"shed": 1900}))}),
        ("queues", {"load": load(window("spike", 3000, seconds=10.0, p95=1600))}),
        ("bends", {"load": load(window("spike", 3000, seconds=10.0, errors={"timeout": 250}))}),
        ("falls", {"load": load(window("spike", 3000, seconds=10.0, errors={"timeout": 2500}))}),
        ("falls", {"load": load(window("spike", 3000, seconds=10.0, errors={"shed": 2900}))}),
        ("stands", {"load": load(window("spike", 3000, seconds=10.0, void="generator limited: 3"))}),
        ("unknown", {"load": load(window("spike", 3000, seconds=10.0, p95=2500, void="generator limited: 3"))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("spike_survival", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("falls_back", window("spike", 3000, seconds=10.0, degraded=3000)),
        ("falls_back", window("spike", 3000, seconds=10.0, degraded=2200)),
        ("stands", window("spike", 3000, seconds=10.0, degraded=1500)),
        ("stands", window("spike", 3000, seconds=10.0, degraded=1000, errors={"shed": 1000})),
        ("bends", window("spike", 3000, seconds=10.0, degraded=2500, errors={"timeout": 250})),
    ],
)
def test_what_the_burst_gets_from_fallbacks_is_not_the_service(expected, evidence):
    assert level("spike_survival", load=load(evidence)) == expected


def test_where_nobody_was_answered_no_time_is_told():
    silent = window("spike", 3000, seconds=10.0, errors={"timeout": 3000}).model_copy(update={"latency": None, "ok": 0})
    found = judge("spike_survival", load=load(silent))
    assert found.level == "falls" and "inf" not in found.observed and "0 of 3000 answered" in found.observed
