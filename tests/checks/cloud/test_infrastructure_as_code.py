from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("code", {"repository": repository(infrastructure_as_code=2)}),
        ("none", {"repository": repository(infrastructure_as_code=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("infrastructure_as_code", **evidence) == expected
