from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("clean", {"repository": repository(secrets_absent=True)}),
        ("secrets", {"repository": repository(secrets_absent=False)}),
        ("secrets", {"repository": repository(secrets_absent=None)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("secrets_absent", **evidence) == expected
