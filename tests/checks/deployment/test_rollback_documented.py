from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


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


GONE, EMPTY = {"name": "web", "there": 0, "another_way": 0}, {"name": "api", "there": 1, "kept": 0, "another_way": 0}
KEPT = {"name": "api", "there": 1, "kept": 5, "another_way": 0}


@pytest.mark.parametrize(
    ("expected", "undone"),
    [
        ("astray", [GONE]),
        ("astray", [EMPTY]),
        ("astray", [GONE, EMPTY]),
        ("steps", [KEPT]),
        ("steps", [GONE, KEPT]),  # one of them leads back
        ("steps", [{"name": "api", "there": 1, "another_way": 0}]),
        ("steps", [GONE | {"another_way": 1}]),
        ("steps", []),
    ],
)
def test_an_undone_rollout_needs_a_workload_and_a_revision(expected, undone):
    assert level("rollback_documented", repository=repository(rollback_documented=seen(*undone), runbook=True)) == expected
