from __future__ import annotations

import pytest

from checks.builders import level, repository
from grader.schema.evidence import Place, Probe


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


@pytest.mark.parametrize(
    ("expected", "lock"),
    [
        ("repeatable", "requirements-train.lock"),
        ("repeatable", "pipeline/requirements.lock"),
        ("repeatable", "training/uv.lock"),
        ("half", "requirements.lock"),
        ("half", "requirements-dev.lock"),
        ("half", "constraints/restrained.lock"),
    ],
)
def test_an_image_that_is_not_pinned_says_nothing_about_a_training_with_a_lock_of_its_own(expected, lock):
    locks = Probe(subject=True, found=True, places=[Place(file="requirements.lock"), Place(file=lock)])
    probes = {"training_command": True, "seeds_fixed": True, "dependencies_pinned": False, "lock_file": locks}
    assert level("reproducible_training", repository=repository(**probes)) == expected
