from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("tidy", {"repository": repository(dockerignore=True, multi_stage_build=True)}),
        ("half", {"repository": repository(dockerignore=True, multi_stage_build=False)}),
        ("half", {"repository": repository(dockerignore=False, multi_stage_build=True)}),
        ("careless", {"repository": repository(dockerignore=None, multi_stage_build=None)}),
        ("unknown", {"repository": repository(dockerignore=True)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("build_context", **evidence) == expected
