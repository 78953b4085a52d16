from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("versioned", {"repository": repository(data_versioned=True)}),
        ("none", {"repository": repository(data_versioned=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("data_versioning", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("other", [{"matches": 0.0}]),
        ("versioned", [{"matches": 1.0}]),
        ("versioned", [{"matches": 0.0}, {"matches": 1.0}]),  # an earlier version may be kept beside it
        ("versioned", []),
    ],
)
def test_a_digest_of_another_file_fixes_nothing(expected, facts):
    assert level("data_versioning", repository=repository(data_versioned=seen(*facts))) == expected
