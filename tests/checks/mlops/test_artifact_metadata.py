from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("described", {"repository": repository(artifact_metadata=True)}),
        ("bare", {"repository": repository(artifact_metadata=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("artifact_metadata", **evidence) == expected
