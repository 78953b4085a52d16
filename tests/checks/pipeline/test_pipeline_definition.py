from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("declared", {"repository": repository(pipeline_definition=True)}),
        ("none", {"repository": repository(pipeline_definition=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("pipeline_definition", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("declared", [{"heeded": 1}]),
        ("toothless", [{"heeded": 0}]),
        ("declared", [{"heeded": 0}, {"heeded": 1}]),
        ("toothless", [{"heeded": 1}, {"blind": 1}]),
        ("lacking", [{"lacks": "lib/features.py"}]),
        ("toothless", [{"lacks": "lib/features.py"}, {"heeded": 0}]),
        ("declared", [{"something": 1}]),
    ],
)
def test_a_pipeline_that_every_model_passes_or_that_lacks_a_dependency_is_worth_less(expected, facts):
    assert level("pipeline_definition", repository=repository(pipeline_definition=seen(*facts))) == expected


@pytest.mark.parametrize(
    ("expected", "command", "ignored"),
    [
        ("declared", "python evaluate.py", 0),
        ("toothless", "python evaluate.py || true", 0),
        ("toothless", "-python evaluate.py", 1),
        ("declared", "python evaluate.py || exit 1", 0),
    ],
)
def test_a_command_that_cannot_fail_stops_no_model(expected, command, ignored):
    runs = seen({"heeded": 1, "runs_gate": 1, "ignored": ignored}, text=command)
    assert level("pipeline_definition", repository=repository(pipeline_definition=runs)) == expected
