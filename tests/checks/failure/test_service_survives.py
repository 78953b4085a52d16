from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, case, fault, faults, level

PAUSE, CUT = fault("pause"), fault("network_cut")
KILLED, STAYS_DOWN = fault("sigkill", facts={"ready_s": 3.0}), fault("sigkill", facts={"ready_s": -1.0})
NEVER_GOOD = fault("pause", (2.0, {}), (7.0, {"failed": 1.0}))


@pytest.mark.parametrize(
    ("expected", "records"),
    [
        ("whole", [PAUSE, KILLED, fault("malformed_input", cases=[case("nan")]), fault("network_cut", failure=GRADER)]),
        ("once", [PAUSE, CUT, STAYS_DOWN]),
        ("falls", [PAUSE, STAYS_DOWN]),
        ("falls", [NEVER_GOOD]),
        ("falls", [fault("pause", failure=CANDIDATE), fault("sigkill", injected=False)]),
        ("falls", [fault("pause", facts={"restarted_by_harness": 1.0})]),
        ("unknown", [fault("pause", injected=False)]),
        ("unknown", []),
    ],
)
def test_whole_again_by_its_own_strength(expected, records):
    assert level("service_survives", faults=faults(*records)) == expected
