from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("shared", {"repository": repository(shared_preprocessing=True)}),
        ("apart", {"repository": repository(shared_preprocessing=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("shared_preprocessing", **evidence) == expected
