from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("versioned", {"repository": repository(data_versioned=True)}),
        ("none", {"repository": repository(data_versioned=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("data_versioning", **evidence) == expected
