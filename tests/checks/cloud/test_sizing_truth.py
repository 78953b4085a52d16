from __future__ import annotations

import pytest

from checks.builders import level, load, repository, resources, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fits", {"repository": repository(sizing_rationale=True), "load": load(window("steady", use=resources(cpu_seconds=9.0)))}),
        ("explained", {"repository": repository(sizing_rationale=True), "load": load(window("steady", use=resources(cpu_seconds=28.0)))}),
        ("unexplained", {"repository": repository(sizing_rationale=False), "load": load(window("steady", use=resources(cpu_seconds=9.0)))}),
        ("unknown", {"repository": repository(), "load": load(window("steady"))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("sizing_truth", **evidence) == expected
