from __future__ import annotations

import pytest

from checks.builders import fault, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("prompt", {"faults": faults(fault("sigkill", facts={"ready_s": 3.0, "restarts": 1}))}),
        ("slow", {"faults": faults(fault("sigkill", facts={"ready_s": 9.0}))}),
        ("crawls", {"faults": faults(fault("sigkill", facts={"ready_s": 30.0}))}),
        ("never", {"faults": faults(fault("sigkill", facts={"ready_s": -1}))}),
        ("unknown", {"faults": faults(fault("sigkill"))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("sigkill_recovery", **evidence) == expected
