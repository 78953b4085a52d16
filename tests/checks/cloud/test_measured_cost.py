from __future__ import annotations

import pytest

from checks.builders import level, load, resources, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("lean", {"load": load(window("steady", use=resources(cpu_seconds=9.0)))}),
        ("fair", {"load": load(window("steady", use=resources(cpu_seconds=24.0)))}),
        ("dear", {"load": load(window("steady", use=resources(cpu_seconds=50.0)))}),
        ("wasteful", {"load": load(window("steady", use=resources(cpu_seconds=80.0)))}),
        ("unknown", {"load": load(window("steady", use=resources(cpu_seconds=0.0)))}),
        ("unknown", {"load": load()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("measured_cost", **evidence) == expected
