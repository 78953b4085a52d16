from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("steps", {"repository": repository(rollback_documented=True, runbook=True)}),
        ("runbook", {"repository": repository(rollback_documented=False, runbook=True)}),
        ("none", {"repository": repository(rollback_documented=False, runbook=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("rollback_documented", **evidence) == expected
