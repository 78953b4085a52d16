from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("steps", {"repository": repository(runbook=True)}),
        ("none", {"repository": repository(runbook=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("runbook", **evidence) == expected
