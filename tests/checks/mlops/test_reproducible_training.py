from __future__ import annotations

import pytest

from checks.builders import level, repository
from grader.schema.evidence import Place, Probe, Sighting


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
def test_in_older_evidence_a_lock_file_that_is_named_for_the_training_speaks_for_it(expected, lock):
    locks = Probe(subject=True, found=True, places=[Place(file="requirements.lock"), Place(file=lock)])
    probes = {"training_command": True, "seeds_fixed": True, "dependencies_pinned": False, "lock_file": locks}
    assert level("reproducible_training", repository=repository(**probes)) == expected


@pytest.mark.parametrize(
    ("expected", "image", "own"), [("half", True, False), ("repeatable", False, True), ("repeatable", True, None), ("half", False, None)]
)
def test_what_the_image_installs_counts_only_where_the_training_declares_nothing_of_its_own(expected, image, own):
    probes = {"training_command": True, "seeds_fixed": True, "dependencies_pinned": image, "training_dependencies_pinned": own}
    assert level("reproducible_training", repository=repository(**probes)) == expected


@pytest.mark.parametrize(
    ("expected", "seeds", "facts"),
    [
        ("apart", True, {"here": "1.5.0", "there": "1.9.1", "other": "requirements-train.lock"}),
        ("half", False, {"here": "1.5.0", "there": "1.9.1", "other": "requirements-train.lock"}),
        ("half", True, {"missing": "scipy"}),
        ("unclear", False, {"missing": "scipy"}),
        ("repeatable", True, {}),
    ],
)
def test_a_lock_of_the_training_that_does_not_lock_loses_some(expected, seeds, facts):
    seen = Sighting(text="scikit-learn", place=Place(file="requirements-dev.lock", line=3), facts=facts)
    own = Probe(subject=True, found=True, value=1.0, sightings=[seen])
    probes = {"training_command": True, "seeds_fixed": seeds, "dependencies_pinned": True, "training_dependencies_pinned": own}
    assert level("reproducible_training", repository=repository(**probes)) == expected
