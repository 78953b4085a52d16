"""A hand-made bundle in, a verdict out: gates, culprits, the precondition, and an account that adds up."""

from __future__ import annotations

import dataclasses

import pytest

from grader.checks.registry import CHECKS
from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.result import CheckResult, Finding, Outcome, Result
from judge import made

AFTER_BUILD = ("image", "sandbox", "boot", "contract", "load", "drift", "faults", "metrics", "logs", "audit")


def check(result: Result, id: str) -> CheckResult:
    return next(c for c in result.checks if c.id == id)


def gates(result: Result) -> dict[str, str]:
    return {gate.id: gate.outcome for gate in result.gates}


def not_built() -> Bundle:
    """Everything behind the build inherits its failure, as the stages do it."""
    return made.without(made.sound(), **dict.fromkeys(AFTER_BUILD, made.failure("build_failed", "no matching distribution")))


def constant_answers() -> Bundle:
    facts = made.CONTRACT.predictions.model_copy(update={"distinct_scores": 1})
    return made.changed(made.sound(), contract=made.CONTRACT.model_copy(update={"predictions": facts}))


BUNDLES = {
    "sound": made.sound(),
    "not built": not_built(),
    "constant answers": constant_answers(),
    "engine lost": made.without(made.sound(), faults=made.failure("engine_lost"), drift=made.failure("engine_lost")),
    "no evidence": Bundle(),
    "heavy image": made.changed(made.sound(), image=made.IMAGE.model_copy(update={"size_bytes": 9 * 10**9})),
}


@pytest.fixture(scope="module", params=list(BUNDLES))
def any_verdict(request: pytest.FixtureRequest) -> Result:
    return made.verdict(BUNDLES[request.param])


def test_a_failed_build_fails_the_gates_and_the_headline_names_it() -> None:
    result = made.verdict(not_built())
    assert result.status == "gate_failed"
    assert result.headline.startswith("Gate failed: the image does not build:")
    assert "no matching distribution" in result.headline
    assert gates(result) == {"builds": "fail", "serves": "fail", "predicts": "fail"}


def test_a_candidates_failure_costs_every_check_that_stands_on_it_and_no_other() -> None:
    result = made.verdict(not_built())
    lost = check(result, "latency_slo")
    assert (lost.outcome, lost.culprit, lost.low_bp, lost.high_bp) == (Outcome.FAIL, Culprit.CANDIDATE, 0, 0)
    assert "the image does not build" in lost.observed
    assert check(result, "model_card").outcome is not Outcome.FAIL


def test_a_host_failure_costs_nobody_a_point() -> None:
    sound, result = made.verdict(made.sound()), made.verdict(BUNDLES["engine lost"])
    lost = check(result, "pause_recovery")
    assert (lost.outcome, lost.culprit, lost.low_bp, lost.high_bp) == (Outcome.UNKNOWN, Culprit.HOST, 0, lost.max_bp)
    assert result.score.low <= sound.score.low <= sound.score.high <= result.score.high
    assert result.status == "insufficient_evidence"
    assert "host" in result.headline and "No headline number" in result.headline


def test_nothing_at_all_is_unknown_and_not_zero() -> None:
    result = made.verdict(Bundle())
    assert (result.status, result.score.low, result.score.high, result.score.coverage) == ("insufficient_evidence", 0, 10_000, 0)
    assert {c.outcome for c in result.checks} == {Outcome.UNKNOWN}
    assert set(gates(result).values()) == {"inconclusive"}


def test_of_two_missing_inputs_the_candidates_failure_decides() -> None:
    result = made.verdict(made.without(made.sound(), contract=made.failure("no_valid_prediction"), metrics=made.failure("sidecar_down")))
    assert check(result, "version_agreement").outcome is Outcome.FAIL


def test_a_check_that_raises_is_unknown_by_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> Finding:
        raise ZeroDivisionError("in a check")

    monkeypatch.setitem(CHECKS, "lean_image", dataclasses.replace(CHECKS["lean_image"], function=broken))
    lost = check(made.verdict(made.sound()), "lean_image")
    assert (lost.outcome, lost.culprit, lost.low_bp) == (Outcome.UNKNOWN, Culprit.GRADER, 0)
    assert "ZeroDivisionError" in lost.observed


def test_a_level_that_the_ladder_lacks_is_unknown_by_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = dataclasses.replace(CHECKS["lean_image"], function=lambda **_: Finding(level="splendid", observed="x"))
    monkeypatch.setitem(CHECKS, "lean_image", odd)
    lost = check(made.verdict(made.sound()), "lean_image")
    assert (lost.outcome, lost.culprit) == (Outcome.UNKNOWN, Culprit.GRADER)


def test_without_a_real_prediction_behaviour_fails_but_gates_keep_their_own_truth() -> None:
    result = made.verdict(constant_answers())
    assert gates(result) == {"builds": "pass", "serves": "pass", "predicts": "fail"}
    assert result.headline.startswith("Gate failed: no valid, input-dependent prediction:")
    behaviour = [c for c in result.checks if c.behaviour]
    assert {c.outcome for c in behaviour} == {Outcome.FAIL}
    assert all("no valid, input-dependent prediction" in c.observed for c in behaviour if c.id != "prediction_contract")
    assert check(result, "model_card").outcome is not Outcome.FAIL


def test_rows_of_the_ledger_sum_exactly_to_the_score(any_verdict: Result) -> None:
    assert sum(row.low_bp for row in any_verdict.ledger) == any_verdict.score.low
    assert sum(row.high_bp for row in any_verdict.ledger) == any_verdict.score.high
    assert sum(row.max_bp for row in any_verdict.ledger) == 10_000


def test_what_is_not_in_the_verdict_is_out_of_scope_and_says_why(any_verdict: Result) -> None:
    quick = made.verdict(made.sound("quick"), "quick")
    named = {c.id for c in quick.checks} | {o.id for o in quick.out_of_scope}
    assert named == set(CHECKS) == {c.id for c in any_verdict.checks} | {o.id for o in any_verdict.out_of_scope}
    assert all("quick mode does not exercise" in o.why for o in quick.out_of_scope)


def test_strengths_and_risks_are_few_and_say_different_things(any_verdict: Result) -> None:
    checks = {c.id: c for c in any_verdict.checks}
    for highlights, outcomes in ((any_verdict.strengths, {Outcome.PASS}), (any_verdict.risks, {Outcome.FAIL, Outcome.PARTIAL})):
        named = [checks[h.check] for h in highlights]
        assert len(named) <= 3
        assert {c.outcome for c in named} <= outcomes
        assert len({c.root_cause for c in named}) == len({c.observed for c in named}) == len(named)
    assert all(checks[h.check].behaviour for h in any_verdict.strengths)


def test_a_failed_gate_is_the_first_risk_and_told_once() -> None:
    assert [h.check for h in made.verdict(not_built()).risks] == ["image_builds"]


def test_risks_of_areas_that_count_come_first() -> None:
    result = made.verdict(made.changed(made.sound(), load=made.load(made.challenge(), "standard", p99_ms=900)))
    counted = {a.id for a in result.areas if a.counted_low}
    areas = [check(result, h.check).area in counted for h in result.risks]
    assert areas == sorted(areas, reverse=True) and areas[0]


def test_the_same_bundle_gives_the_same_verdict(any_verdict: Result) -> None:
    bundle = next(b for b in BUNDLES.values() if made.verdict(b) == any_verdict)
    assert made.verdict(bundle).model_dump_json() == any_verdict.model_dump_json()


def test_a_void_window_that_looks_bad_is_named_and_costs_nothing() -> None:
    load = made.load(made.challenge(), "standard", p99_ms=500, void="host noisy: other work took 51% of the candidate's core")
    result = made.verdict(made.changed(made.sound(), load=load))
    assert check(result, "latency_slo").outcome is Outcome.UNKNOWN
    assert any("steady is void" in note for note in result.notes)
    latency = next(chart for chart in result.charts if chart.id == "latency")
    assert any("(void)" in span.label for span in latency.spans)
