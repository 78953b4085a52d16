from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("bounded", {"repository": repository(autoscaler=6)}),
        ("unbounded", {"repository": repository(autoscaler=True)}),
        ("none", {"repository": repository(autoscaler=None)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("autoscaling_policy", **evidence) == expected
