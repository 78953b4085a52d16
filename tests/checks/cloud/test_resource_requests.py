from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("declared", {"repository": repository(manifest_resources=True)}),
        ("none", {"repository": repository(manifest_resources=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("resource_requests", **evidence) == expected
