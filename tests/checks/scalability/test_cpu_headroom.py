from __future__ import annotations

import pytest

from checks.builders import level, load, resources, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("spike", {"load": load(window("steady", use=resources(cpu_seconds=9.0)))}),
        ("most", {"load": load(window("steady", use=resources(cpu_seconds=12.0)))}),
        ("steady", {"load": load(window("steady", use=resources(cpu_seconds=20.0)))}),
        ("none", {"load": load(window("steady", use=resources(cpu_seconds=29.0)))}),
        ("unknown", {"load": load(window("steady", use=resources(cpu_seconds=0.0)))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("cpu_headroom", **evidence) == expected
