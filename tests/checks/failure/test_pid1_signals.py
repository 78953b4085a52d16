from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def stopped(**facts):
    return faults(fault("pid1_signals", facts={"exit_code": 0, "exit_s": 1.1, "ready_s": 0.7, **facts}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("leaves", stopped()),
        ("leaves", stopped(exit_code=143)),
        ("leaves", stopped(exit_code=130)),
        ("leaves", stopped(exit_code=131)),
        ("leaves", stopped(exit_code=-1)),
        ("fails", stopped(exit_code=1)),
        ("fails", stopped(exit_code=139)),
        ("late", stopped(exit_s=9.2)),
        ("late", stopped(exit_s=9.2, exit_code=1)),
        ("killed", stopped(exit_code=137, exit_s=10.3)),
        ("killed", faults(fault("pid1_signals", failure=CANDIDATE))),
        ("unknown", faults(fault("pid1_signals", failure=GRADER))),
        ("unknown", faults(fault("pid1_signals", injected=False))),
        ("unknown", faults(fault("pid1_signals"))),
        ("unknown", faults()),
    ],
)
def test_the_exit_code_decides(expected, evidence):
    assert level("pid1_signals", faults=evidence) == expected
