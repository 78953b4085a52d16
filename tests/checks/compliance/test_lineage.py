from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("linked", {"repository": repository(lineage_metadata=True)}),
        ("none", {"repository": repository(lineage_metadata=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("lineage", **evidence) == expected
