from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level

BURST = {"burst_rps": 900, "burst_planned": 2700, "burst_sent": 2700, "burst_ok": 1500, "burst_shed": 1150, "burst_lost": 50, "restarts": 0}


def burst(*after, **facts):
    return faults(fault("overload", (2.0, {}), (3.0, {"shed": 0.4}), *(after or [(4.0, {})]), facts={**BURST, **facts}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("sheds", burst()),
        ("sheds", burst((1.5, {"p95": 900}), (4.0, {}))),
        ("recovers", burst(burst_lost=1200)),
        ("slow", burst((2.5, {"failed": 1.0}), (4.0, {}))),
        ("slow", burst((2.5, {"p95": 900}), (4.0, {}))),
        ("never", burst((4.0, {"failed": 1.0}))),
        ("never", burst((4.0, {}), restarts=1)),
        ("never", faults(fault("overload", failure=CANDIDATE))),
        ("unknown", faults(fault("overload", failure=GRADER))),
        ("unknown", faults(fault("overload", injected=False))),
        ("unknown", faults(fault("overload"))),
        ("unknown", faults()),
    ],
)
def test_recovery_comes_first_and_then_how_the_rest_was_told(expected, evidence):
    assert level("overload_recovery", faults=evidence) == expected
