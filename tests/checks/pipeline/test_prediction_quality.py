from __future__ import annotations

import pytest

from checks.builders import drift, level, quality


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("beats", {"drift": drift(quality=quality())}),
        ("near", {"drift": drift(quality=quality(brier=0.058))}),
        ("worse", {"drift": drift(quality=quality(brier=0.34))}),
        ("unknown", {"drift": drift(quality=quality(n=40))}),
        ("unknown", {"drift": drift()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("prediction_quality", **evidence) == expected
