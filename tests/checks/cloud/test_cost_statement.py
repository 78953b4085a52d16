from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("reasoned", {"repository": repository(cost_statement=True, sizing_rationale=True)}),
        ("stated", {"repository": repository(cost_statement=True, sizing_rationale=False)}),
        ("none", {"repository": repository(cost_statement=False, sizing_rationale=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("cost_statement", **evidence) == expected
