from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("serving", {"repository": repository(tests_present=9, tests_cover_serving=True)}),
        ("some", {"repository": repository(tests_present=2, tests_cover_serving=True)}),
        ("some", {"repository": repository(tests_present=9, tests_cover_serving=False)}),
        ("none", {"repository": repository(tests_present=False, tests_cover_serving=None)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("tests", **evidence) == expected
