from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"repository": repository(ci_workflow=True, ci_runs_tests=True, ci_builds_image=True)}),
        ("tests", {"repository": repository(ci_workflow=True, ci_runs_tests=True, ci_builds_image=False)}),
        ("bare", {"repository": repository(ci_workflow=True, ci_runs_tests=False, ci_builds_image=False)}),
        ("none", {"repository": repository(ci_workflow=None, ci_runs_tests=None, ci_builds_image=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("ci_pipeline", **evidence) == expected
