from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("repeatable", {"repository": repository(training_command=True, seeds_fixed=True, dependencies_pinned=True)}),
        ("half", {"repository": repository(training_command=True, seeds_fixed=True, dependencies_pinned=False)}),
        ("half", {"repository": repository(training_command=True, seeds_fixed=False, dependencies_pinned=True)}),
        ("unclear", {"repository": repository(training_command=False, seeds_fixed=True, dependencies_pinned=True)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("reproducible_training", **evidence) == expected
