from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("recorded", {"repository": repository(experiment_tracking=True)}),
        ("none", {"repository": repository(experiment_tracking=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("experiment_record", **evidence) == expected
