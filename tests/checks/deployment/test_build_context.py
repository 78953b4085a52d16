from __future__ import annotations

import pytest

from checks.builders import level, repository
from grader.schema.evidence import Place, Probe, Sighting

COPY = Sighting(text="COPY data data", place=Place(file="Dockerfile", line=9), facts={"training_data": "data/train.csv"})


def laden(found: bool) -> Probe:
    return Probe(subject=True, found=found, sightings=[COPY])


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


@pytest.mark.parametrize(
    ("expected", "ignored", "stages"), [("laden", True, True), ("laden", True, False), ("laden", False, True), ("careless", False, False)]
)
def test_an_image_that_is_given_training_data_is_laden(expected, ignored, stages):
    assert level("build_context", repository=repository(dockerignore=laden(ignored), multi_stage_build=stages)) == expected
