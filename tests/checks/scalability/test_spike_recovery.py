from __future__ import annotations

import pytest

from checks.builders import level, load, timeline, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("prompt", {"load": load(window("steady"), window("recovery", 1000, seconds=10.0, bins=timeline((1.5, {"p95": 900}), (5.0, {}))))}),
        ("slow", {"load": load(window("steady"), window("recovery", 1000, seconds=10.0, bins=timeline((3.0, {"failed": 0.5}), (5.0, {}))))}),
        ("stays", {"load": load(window("steady"), window("recovery", 1000, seconds=10.0, bins=timeline((8.0, {"p95": 900}))))}),
        ("stays", {"load": load(window("steady"), window("recovery", 1000, seconds=10.0, bins=timeline((6.0, {"p95": 900}), (2.0, {}))))}),
        ("unknown", {"load": load(window("steady"))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("spike_recovery", **evidence) == expected


def after(*stretches, usual=0):
    flagged = sum(round(seconds * 100 * shares.get("degraded", 0)) for seconds, shares in stretches)
    return load(window("steady", degraded=usual), window("recovery", 1000, seconds=10.0, degraded=flagged, bins=timeline(*stretches)))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("stays", after((10.0, {"degraded": 1.0}))),
        ("slow", after((4.0, {"degraded": 1.0}), (6.0, {}))),
        ("prompt", after((1.0, {"degraded": 1.0}), (9.0, {}))),
        ("prompt", after((10.0, {"degraded": 0.1}))),
        ("prompt", after((10.0, {"degraded": 1.0}), usual=3000)),
    ],
)
def test_a_service_that_falls_back_since_the_spike_is_not_itself_again(expected, evidence):
    assert level("spike_recovery", load=evidence) == expected
