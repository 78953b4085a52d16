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
