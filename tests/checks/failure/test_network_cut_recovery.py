from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("prompt", {"faults": faults(fault("network_cut", (2.0, {}), (3.5, {"failed": 1.0}), (4.0, {})))}),
        ("slow", {"faults": faults(fault("network_cut", (2.0, {}), (7.0, {"failed": 1.0}), (4.0, {})))}),
        ("never", {"faults": faults(fault("network_cut", (2.0, {}), (15.0, {"failed": 1.0}), (4.0, {})))}),
        ("never", {"faults": faults(fault("network_cut", (2.0, {}), (7.0, {"failed": 1.0})))}),
        ("never", {"faults": faults(fault("network_cut", failure=CANDIDATE))}),
        ("never", {"faults": faults(fault("network_cut", facts={"healthy_before": 0.1}))}),
        ("unknown", {"faults": faults(fault("network_cut", failure=GRADER))}),
        ("unknown", {"faults": faults(fault("network_cut", injected=False))}),
        ("unknown", {"faults": faults()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("network_cut_recovery", **evidence) == expected
