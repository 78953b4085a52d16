from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("queries", {"repository": repository(dashboard=True)}),
        ("none", {"repository": repository(dashboard=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("dashboard", **evidence) == expected
