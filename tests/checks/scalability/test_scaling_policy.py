from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("reasoned", {"repository": repository(autoscaler=4, sizing_rationale=True)}),
        ("declared", {"repository": repository(autoscaler=4, sizing_rationale=False)}),
        ("none", {"repository": repository(autoscaler=None, sizing_rationale=True)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("scaling_policy", **evidence) == expected
