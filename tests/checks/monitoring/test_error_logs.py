from __future__ import annotations

import pytest

from checks.builders import level, logs
from grader.schema.evidence import ErrorLines


def lines(explained=0, bare=0, prose=0, wrong=20):
    return logs(errors=ErrorLines(wrong_requests=wrong, explained=explained, bare=bare, prose=prose))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("explained", lines(explained=20, bare=2)),
        ("explained", lines(explained=20, prose=3)),
        ("prose", lines(prose=20, explained=2)),
        ("bare", lines(bare=20, explained=5)),
        ("none", lines()),
        ("unknown", lines(wrong=0)),
        ("unknown", logs(errors=None)),
    ],
)
def test_most_lines_on_what_went_wrong_must_say_why(expected, evidence):
    assert level("error_logs", logs=evidence) == expected
