from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, case, dependency, fault, faults, judge, level

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


def test_a_fault_that_found_the_service_gone_is_not_blamed():
    early = fault("network_cut", injected=False, failure=CANDIDATE)
    seen = judge("service_survives", faults=faults(KILLED, NEVER_GOOD, early)).observed
    assert seen == "whole again after 1 of 3 faults; not after pause; gone before network_cut"


def in_turn(*degraded_before):
    """Dependency faults one after another, each with the share of fallbacks in the steady state that it found."""
    ids = ("dependency_slow", "dependency_errors", "dependency_blackhole", "dependency_drip")
    return faults(*(dependency(id, facts={"degraded_before": share}) for id, share in zip(ids, degraded_before, strict=False)))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("whole", in_turn(0.0, 0.0, 0.0, 0.0)),
        ("whole", in_turn(0.0, 0.3, 0.0)),
        ("whole", in_turn(1.0, 1.0, 1.0)),
        ("once", in_turn(0.0, 1.0, 1.0, 1.0)),
        ("once", in_turn(0.0, 0.0, 0.0, 0.9)),
        ("falls", in_turn(0.0, 1.0, 0.0, 1.0)),
        ("falls", in_turn(0.0, 1.0)),
    ],
)
def test_who_never_uses_the_store_again_is_not_whole(expected, evidence):
    assert level("service_survives", faults=evidence) == expected


def test_the_fault_since_which_it_falls_back_is_named():
    assert "since dependency_slow it gave fallbacks" in judge("service_survives", faults=in_turn(0.0, 1.0, 1.0)).observed
