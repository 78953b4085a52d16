from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("recorded", {"repository": repository(experiment_tracking=True)}),
        ("none", {"repository": repository(experiment_tracking=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("experiment_record", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("recorded", [{"something": 1}]),
        ("other", [{"unread": "model.C", "says": 1, "uses": 0.05}]),
        ("other", [{"unread": "model"}]),
    ],
)
def test_parameters_that_nothing_reads_are_those_of_no_run(expected, facts):
    assert level("experiment_record", repository=repository(experiment_tracking=seen(*facts))) == expected
