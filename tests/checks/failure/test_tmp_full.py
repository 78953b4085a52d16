from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def full(during, **facts):
    return faults(fault("tmp_full", (2.0, {}), (3.0, during), (4.0, {}), facts={"restarts": 0, **facts}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("holds", full({})),
        ("mostly", full({"failed": 0.1})),
        ("mostly", full({}, restarts=1)),
        ("sheds", full({"shed": 1.0})),
        ("fails", full({"failed": 1.0})),
        ("fails", faults(fault("tmp_full", failure=CANDIDATE))),
        ("unknown", faults(fault("tmp_full", failure=GRADER))),
        ("unknown", faults(fault("tmp_full", injected=False))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_the_answers(expected, evidence):
    assert level("tmp_full", faults=evidence) == expected
