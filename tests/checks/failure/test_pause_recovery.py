from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("prompt", {"faults": faults(fault("pause", (2.0, {}), (3.5, {"failed": 1.0}), (4.0, {})))}),
        ("slow", {"faults": faults(fault("pause", (2.0, {}), (3.5, {"failed": 1.0}), (4.0, {}), facts={"restarts": 1}))}),
        ("never", {"faults": faults(fault("pause", (2.0, {}), (9.0, {"failed": 1.0}), (4.0, {}), facts={"restarts": 1}))}),
        ("slow", {"faults": faults(fault("pause", (2.0, {}), (6.0, {"failed": 1.0}), (4.0, {})))}),
        ("never", {"faults": faults(fault("pause", (2.0, {}), (9.0, {"failed": 1.0}), (4.0, {})))}),
        ("never", {"faults": faults(fault("pause", (2.0, {}), (7.0, {"failed": 1.0})))}),
        ("never", {"faults": faults(fault("pause", failure=CANDIDATE))}),
        ("never", {"faults": faults(fault("pause", facts={"healthy_before": 0.1}))}),
        ("unknown", {"faults": faults(fault("pause", failure=GRADER))}),
        ("unknown", {"faults": faults(fault("pause", injected=False))}),
        ("unknown", {"faults": faults()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("pause_recovery", **evidence) == expected
