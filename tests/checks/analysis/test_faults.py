from __future__ import annotations

from checks.builders import CANDIDATE, GRADER, fault, faults
from grader.checks.analysis.faults import judgeable
from grader.schema.base import Culprit
from grader.schema.evidence import FaultRecord
from grader.schema.result import Finding, Outcome


def answer(record):
    found = judgeable(faults(record), "pause", worst="never")
    assert isinstance(found, Finding)
    return found


def test_a_proven_fault_is_judged():
    assert isinstance(judgeable(faults(fault("pause")), "pause", worst="never"), FaultRecord)


def test_the_candidates_own_end_is_the_worst_rung_with_its_reason():
    found = answer(fault("pause", injected=False, failure=CANDIDATE))
    assert found.level == "never"
    assert "stopped answering" in found.observed


def test_our_own_trouble_and_a_missing_proof_cost_nothing():
    broken, unproven = answer(fault("pause", failure=GRADER)), answer(fault("pause", injected=False))
    assert broken.outcome is unproven.outcome is Outcome.UNKNOWN
    assert broken.culprit is unproven.culprit is Culprit.GRADER
    assert "not seen" in unproven.observed


def test_a_service_that_failed_before_has_nothing_left_to_break():
    assert answer(fault("pause", facts={"healthy_before": 0.2})).level == "never"
