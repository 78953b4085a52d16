from __future__ import annotations

import pytest

from checks.builders import judge, level, logs


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("traceable", {"logs": logs()}),
        ("half_traceable", {"logs": logs(with_model_version=0)}),
        ("half_traceable", {"logs": logs(with_level=0)}),
        ("traceable", {"logs": logs(with_level=None)}),
        ("json", {"logs": logs(with_request_id=0)}),
        ("mixed", {"logs": logs(json_lines=500)}),
        ("leaking", {"logs": logs(canaries_found=3)}),
        ("plain", {"logs": logs(json_lines=0)}),
        ("plain", {"logs": logs(lines=0, json_lines=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("structured_logs", **evidence) == expected


def test_stack_traces_between_the_lines_are_named():
    assert "40 plain lines are stack traces" in judge("structured_logs", logs=logs(json_lines=960, trace_lines=40)).observed
