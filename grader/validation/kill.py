"""What a mutant's run shows, held against the oracle's: which checks noticed, which moved that should not, what the defect costs."""

from __future__ import annotations

from collections.abc import Mapping

from grader.judge.evaluate import in_scope
from grader.schema.challenge import Challenge
from grader.schema.result import CheckResult, Outcome, Result
from grader.schema.rubric import Rubric
from grader.schema.validation import MutantVerdict
from grader.scoring import Judged, score
from grader.validation.cases import Case

MEASURED = frozenset({Outcome.PASS, Outcome.PARTIAL, Outcome.FAIL})


def verdict(case: Case, result: Result, oracle: Result | None, challenge: Challenge, rubric: Rubric, seconds: float) -> MutantVerdict:
    """The verdict on a mutant that ran. A gate that fails takes every check of behaviour with it, so nothing is collateral then.

    Without the oracle's result full credit is expected of every other check, and what the defect costs is not known.
    """
    assert case.mutant is not None
    expect = case.mutant.expect
    reference, found = _by_id(oracle) if oracle else {}, _by_id(result)
    lost = {id: check for id, check in found.items() if _lost(check, reference.get(id))}
    failed = [gate.id for gate in result.gates if gate.outcome == "fail"]
    unmeasured = {id: _why(found.get(id)) for id in expect.flips if id not in lost and _open(found.get(id))}
    missed = [id for id in expect.flips if id not in lost and id not in unmeasured]
    expected = {*expect.flips, *expect.also}
    collateral = {} if expect.gate else {id: check.observed for id, check in lost.items() if id not in expected}
    gate_missed = expect.gate if expect.gate and expect.gate not in failed else None
    surprise = [gate for gate in failed if gate != expect.gate] if not expect.gate else []
    return MutantVerdict(
        id=case.id, title=expect.title, area=expect.area, stages=expect.stages, flips=expect.flips, missed=missed, unmeasured=unmeasured,
        also=sorted(set(expect.also) & set(lost)), collateral=collateral | {f"gate {gate}": "failed" for gate in surprise}, gates_failed=failed,
        gate_missed=gate_missed, cost_bp=costs(found, reference, challenge, rubric, gates_hold=not failed),
        killed=not (missed or unmeasured or gate_missed), seconds=seconds,
    )  # fmt: skip


def unknown(case: Case, trouble: str, seconds: float) -> MutantVerdict:
    """The verdict on a mutant whose run shows nothing."""
    assert case.mutant is not None
    expect = case.mutant.expect
    return MutantVerdict(
        id=case.id, title=expect.title, area=expect.area, stages=expect.stages, flips=expect.flips, missed=[], unmeasured={}, also=[], collateral={},
        gates_failed=[], gate_missed=None, cost_bp={}, killed=False, seconds=seconds, trouble=trouble,
    )  # fmt: skip


def costs(
    found: Mapping[str, CheckResult], reference: Mapping[str, CheckResult], challenge: Challenge, rubric: Rubric, *, gates_hold: bool
) -> dict[str, int]:  # fmt: skip
    """Mode -> basis points that the oracle loses when the measured checks of a mutant take the place of its own. Empty without an oracle."""

    def low(instead: Mapping[str, CheckResult], mode: str, *, hold: bool) -> int:
        return _low(reference, instead, challenge, rubric, mode, gates_hold=hold)

    return {mode: low({}, mode, hold=True) - low(found, mode, hold=gates_hold) for mode in challenge.modes} if reference else {}


def _low(
    reference: Mapping[str, CheckResult], instead: Mapping[str, CheckResult], challenge: Challenge, rubric: Rubric, mode: str, *, gates_hold: bool
) -> int:
    rules = {id: rule for area in rubric.areas.values() for id, rule in area.checks.items()}
    scoped = [id for id in reference if id in rules and in_scope(rules[id], challenge, mode)]
    judged = [_judged(_better_known(instead.get(id), reference[id])) for id in scoped]
    return score(judged, challenge.scoring, gates_hold_low=gates_hold, gates_hold_high=gates_hold).low


def _better_known(own: CheckResult | None, reference: CheckResult) -> CheckResult:
    """The mutant's own where its run measured it, and never better than the oracle's: luck of a shorter run is no merit."""
    return own if own is not None and own.outcome in MEASURED and own.credit_low < reference.credit_low else reference


def _judged(check: CheckResult) -> Judged:
    return Judged(check.id, check.area, check.weight, check.outcome, check.credit_low, check.root_cause)


def _lost(check: CheckResult, reference: CheckResult | None) -> bool:
    """A check that does not apply to the oracle has no credit to compare with: full credit is expected of it all the same."""
    if check.outcome not in MEASURED:
        return False
    full = reference.credit_low if reference is not None and reference.outcome in MEASURED else max(credit for credit, _ in check.ladder)
    return check.credit_low < full


def _open(check: CheckResult | None) -> bool:
    return check is None or check.outcome not in MEASURED


def _why(check: CheckResult | None) -> str:
    return "not in the scope of its stages" if check is None else f"{check.outcome.value}: {check.observed}"


def _by_id(result: Result) -> dict[str, CheckResult]:
    return {check.id: check for check in result.checks}
