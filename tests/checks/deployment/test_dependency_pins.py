from __future__ import annotations

import pytest

from checks.builders import level, repository
from grader.schema.evidence import Place, Probe, Sighting


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("locked", {"repository": repository(dependencies_pinned=1.0)}),
        ("mostly", {"repository": repository(dependencies_pinned=0.6)}),
        ("loose", {"repository": repository(dependencies_pinned=0.1)}),
        ("loose", {"repository": repository(dependencies_pinned=False)}),
        ("not_applicable", {"repository": repository(dependencies_pinned=None)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("dependency_pins", **evidence) == expected


def pins(value: float, **facts: str) -> Probe:
    seen = Sighting(text="numpy", place=Place(file="requirements-dev.lock", line=3), facts=facts)
    return Probe(subject=True, found=value == 1, value=value, sightings=[seen])


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("direct", pins(1.0, missing="multidict, yarl")),
        ("apart", pins(1.0, here="2.0.0", there="1.26.4", other="requirements.lock")),
        ("mostly", pins(0.6, missing="multidict")),
        ("locked", pins(1.0)),
    ],
)
def test_a_lock_file_that_does_not_lock_loses_some(expected, evidence):
    assert level("dependency_pins", repository=repository(dependencies_pinned=evidence)) == expected
