from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"repository": repository(model_card=4)}),
        ("thin", {"repository": repository(model_card=2)}),
        ("none", {"repository": repository(model_card=1)}),
        ("none", {"repository": repository(model_card=False)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("model_card", **evidence) == expected
