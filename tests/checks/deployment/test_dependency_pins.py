from __future__ import annotations

import pytest

from checks.builders import level, repository


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
