from __future__ import annotations

import pytest

from checks.builders import level, load, window


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
