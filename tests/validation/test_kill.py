"""A mutant is killed by the checks that it names, and by nothing else; what was not measured is neither noticed nor missed."""

from __future__ import annotations

from pathlib import Path

from judge.made import challenge, verdict
from judge.made import sound as bundle

import grader.rubric
from challenges.mutants import Expectation, Mutant
from grader.schema.result import Outcome, Result
from grader.validation import kill
from grader.validation.cases import Case

RUBRIC = grader.rubric.load()
ORACLE = verdict(bundle())
FULL = {check.id for check in ORACLE.checks if check.outcome is Outcome.PASS}


def run(result: Result, oracle: Result | None = ORACLE, **expect: object):
    expectation = Expectation.model_validate({"title": "made", "area": "failure", "flips": ["pause_recovery"], **expect})
    case = Case("made", "mutant", Path(), "quick", (), Mutant("made", Path(), expectation))
    return kill.verdict(case, result, oracle, challenge(), RUBRIC, 1.0)


def changed(result: Result = ORACLE, gate: str | None = None, **credits: int | None) -> Result:
    """The result with other credits; None: not measured."""
    checks = [
        check if check.id not in credits
        else check.model_copy(update={"outcome": Outcome.UNKNOWN, "credit_low": 0}) if credits[check.id] is None
        else check.model_copy(update={"outcome": Outcome.FAIL, "credit_low": credits[check.id]})
        for check in result.checks
    ]  # fmt: skip
    gates = [g.model_copy(update={"outcome": "fail"}) if g.id == gate else g for g in result.gates]
    return result.model_copy(update={"checks": checks, "gates": gates})


def test_the_made_oracle_gives_these_tests_something_to_lose():
    assert {"pause_recovery", "sigkill_recovery", "latency_slo"} <= FULL


def test_a_named_check_that_loses_credit_kills():
    found = run(changed(pause_recovery=5000))
    assert found.killed and found.clean and not found.missed


def test_a_named_check_that_keeps_its_credit_is_missed():
    found = run(ORACLE)
    assert not found.killed and found.missed == ["pause_recovery"]


def test_one_of_two_named_checks_is_not_enough():
    found = run(changed(pause_recovery=0), flips=["pause_recovery", "latency_slo"])
    assert not found.killed and found.missed == ["latency_slo"]


def test_another_check_that_moves_is_collateral_unless_it_is_named():
    result = changed(pause_recovery=0, latency_slo=0)
    assert list(run(result).collateral) == ["latency_slo"]
    follower = run(result, also={"latency_slo": "the same queue"})
    assert follower.clean and follower.also == ["latency_slo"]


def test_an_unmeasured_check_neither_kills_nor_is_missed_nor_is_collateral():
    found = run(changed(pause_recovery=None, latency_slo=None))
    assert not found.killed and found.missed == [] and list(found.unmeasured) == ["pause_recovery"] and found.clean


def test_a_gate_that_should_fail_must_and_then_nothing_is_collateral():
    assert run(changed(pause_recovery=0), gate="predicts").gate_missed == "predicts"
    found = run(changed(pause_recovery=0, latency_slo=0, gate="predicts"), gate="predicts")
    assert found.killed and found.clean


def test_a_gate_that_nobody_expected_is_collateral():
    assert "gate builds" in run(changed(pause_recovery=0, gate="builds")).collateral


def test_the_cost_is_what_the_oracle_loses_and_never_less_than_nothing():
    found = run(changed(pause_recovery=0))
    assert found.cost_bp["standard"] > 0
    assert found.cost_bp["quick"] == 0, "quick mode does not exercise it"
    dearer = run(changed(pause_recovery=0, latency_slo=0))
    assert dearer.cost_bp["standard"] > found.cost_bp["standard"]


def test_without_an_oracle_full_credit_is_expected_and_no_cost_is_told():
    found = run(changed(pause_recovery=5000), oracle=None)
    assert found.killed and found.cost_bp == {}
