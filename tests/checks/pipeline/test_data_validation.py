from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("checked", {"repository": repository(data_validation=True)}),
        ("trusting", {"repository": repository(data_validation=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("data_validation", **evidence) == expected
