"""Assembles the result: checks -> score -> words. Everything a renderer needs stands in the result; nothing is computed after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader import __version__
from grader.judge.charts import charts
from grader.judge.evaluate import Evaluated, evaluate, in_scope
from grader.judge.gates import gate
from grader.judge.highlights import risks, strengths
from grader.judge.interview import plan
from grader.judge.notes import discovery, failures, isolation, notes, quarantined
from grader.judge.strips import fault_strips
from grader.judge.tables import tables
from grader.schema.bundle import Bundle
from grader.schema.challenge import Challenge
from grader.schema.evidence import Submission
from grader.schema.result import (
    AreaResult,
    ChallengeFacts,
    CheckResult,
    GateResult,
    LedgerRow,
    Outcome,
    OutOfScope,
    Result,
    Score,
)
from grader.schema.rubric import FULL, Rubric
from grader.schema.spoken import percent, points
from grader.scoring import Scored, band, score

FAULTS_AREA = "failure"
"""The area whose checks judge one injected fault each."""


def judge(bundle: Bundle, rubric: Rubric, challenge: Challenge, mode: str) -> Result:
    """Judge a bundle. `challenge` and `mode` are the bundle's own where they verified, else the installed ones of the same slug."""
    evaluated = evaluate(bundle, rubric, challenge, mode)
    by_id = {check.id: check for check in evaluated}
    gates = [gate(id, rule, by_id) for id, rule in rubric.gates.items()]
    outcomes = {g.outcome for g in gates}
    scored = score(
        [check.judged for check in evaluated], challenge.scoring, gates_hold_low=outcomes == {"pass"}, gates_hold_high="fail" not in outcomes
    )
    status = _status(gates, scored)
    manifest, out_of_scope = bundle.manifest, _out_of_scope(rubric, challenge, mode)
    return Result(
        grader_version=__version__,
        rubric_digest=rubric.digest,
        status=status,
        headline=_headline(status, scored, gates, evaluated, _titles(rubric)),
        challenge=_challenge(challenge),
        mode=mode,
        practice=mode == challenge.practice,
        submission=manifest.submission if manifest else Submission(origin="unknown: the bundle's manifest is missing or damaged"),
        created=manifest.created if manifest else "",
        score=Score(low=scored.low, high=scored.high, coverage=scored.coverage, band=band(scored.low, scored.high, challenge.scoring.bands)),
        gates=gates,
        areas=_areas(rubric, scored, challenge),
        checks=[_check(check, scored) for check in evaluated],
        ledger=_ledger(evaluated, scored),
        strengths=strengths(evaluated, scored),
        risks=risks(evaluated, scored, [rubric.gates[g.id].check for g in gates if g.outcome == "fail"]),
        interview=plan(evaluated, scored, rubric, list(challenge.scoring.core), out_of_scope),
        charts=charts(bundle, challenge),
        fault_strips=fault_strips(bundle, by_id, _by_fault(evaluated)),
        tables=tables(bundle, challenge),
        failures=failures(bundle),
        quarantined=quarantined(evaluated, rubric),
        out_of_scope=out_of_scope,
        integrity=list(bundle.integrity),
        isolation=isolation(bundle),
        discovery=discovery(bundle),
        notes=notes(bundle),
        seeds=manifest.seeds if manifest else {},
        host=manifest.host if manifest else None,
        run=manifest.run if manifest else None,
    )


def _status(gates: Sequence[GateResult], scored: Scored) -> str:
    if any(g.outcome == "fail" for g in gates):
        return "gate_failed"
    return "scored" if scored.sufficient else "insufficient_evidence"


def _headline(status: str, scored: Scored, gates: Sequence[GateResult], evaluated: Sequence[Evaluated], titles: Mapping[str, str]) -> str:
    if status == "gate_failed":
        failed = next(g for g in gates if g.outcome == "fail")
        return f"Gate failed: {failed.title[:1].lower()}{failed.title[1:]}: {failed.reason}"
    if status == "insufficient_evidence":
        return _insufficient(scored, evaluated, titles)
    if scored.low == scored.high:
        return f"{points(scored.low)} of 100 points, everything in scope measured"
    return f"{points(scored.low)} to {points(scored.high)} of 100 points, {percent(scored.coverage)} of it measured"


def _titles(rubric: Rubric) -> dict[str, str]:
    return {id: area.title for id, area in sorted(rubric.areas.items(), key=lambda item: item[1].order)}


def _insufficient(scored: Scored, evaluated: Sequence[Evaluated], titles: Mapping[str, str]) -> str:
    """Where evidence is missing, and whose doing that is."""
    areas = [id for id, a in scored.areas.items() if not a.sufficient and (a.counted_low or a.counted_high)]
    culprits = {c.culprit.value for c in evaluated if c.area in areas and c.credit is None and c.outcome is not Outcome.NOT_APPLICABLE and c.culprit}
    where = ", ".join(title for id, title in titles.items() if id in areas)
    seen = f"{percent(scored.coverage)} of the score could be measured"
    return f"Insufficient evidence in {where}: {seen}; cause: {', '.join(sorted(culprits)) or 'unknown'}. No headline number."


def _challenge(challenge: Challenge) -> ChallengeFacts:
    reality = challenge.reality
    facts = {
        "serving": reality.serving,
        "latency target": f"p99 <= {reality.slo_p99_ms:g} ms at {reality.rate_rps:g} requests/s, bursts to {reality.burst_factor:g}x",
        "machine": f"{challenge.limits.cpus:g} CPU, {challenge.limits.memory_mib} MiB",
        "retraining": reality.retraining,
        "audit": reality.audit,
        "cost": reality.cost,
    }
    return ChallengeFacts(
        slug=challenge.slug, title=challenge.title, version=challenge.version, digest=challenge.digest, reality=facts, bands=challenge.scoring.bands
    )  # fmt: skip


def _areas(rubric: Rubric, scored: Scored, challenge: Challenge) -> list[AreaResult]:
    ordered = sorted(rubric.areas.items(), key=lambda item: item[1].order)
    return [
        AreaResult(
            id=id, title=area.title, order=area.order, kind="core" if id in challenge.scoring.core else "module", points=own.points,
            counted_low=own.counted_low, counted_high=own.counted_high, low=own.low, high=own.high, coverage=own.coverage,
            sufficient=own.sufficient, band=band(own.low, own.high, challenge.scoring.bands), question=area.question,
            strong=area.strong, red_flags=area.red_flags,
        )
        for id, area in ordered
        if (own := scored.areas.get(id))
    ]  # fmt: skip


def _check(check: Evaluated, scored: Scored) -> CheckResult:
    share, rule = scored.shares[check.id], check.rule
    measured = check.credit is not None
    level = check.finding.level if measured else None
    return CheckResult(
        id=check.id, area=check.area, title=check.title, outcome=check.outcome, level=level, credit_low=check.credit or 0,
        credit_high=check.credit if check.credit is not None else FULL, weight=rule.weight, max_bp=share.max_bp, low_bp=share.low_bp,
        high_bp=share.high_bp, observed=check.finding.observed, rule=check.means(level) if level and check.finding.judged else "",
        ladder=[(rung.credit, check.means(name)) for name, rung in rule.ladder.items()], measures=check.finding.measures,
        places=check.finding.places, evidence=[f"evidence/{name}.json" for name in check.inputs], culprit=check.culprit,
        root_cause=check.root_cause, why=rule.why, remedy=rule.remedy, effort=rule.effort, behaviour=rule.behaviour,
        judged=check.finding.judged,
    )  # fmt: skip


def _ledger(evaluated: Sequence[Evaluated], scored: Scored) -> list[LedgerRow]:
    """Rows of the columns that count; a row of an uncounted module is left out of that column as 0."""
    rows: list[LedgerRow] = []
    for check in evaluated:
        share, area = scored.shares[check.id], scored.areas[check.area]
        if not (area.counted_low or area.counted_high):
            continue
        low, high = share.low_bp * area.counted_low, share.high_bp * area.counted_high
        most, text = share.max_bp * area.counted_low, check.finding.observed
        rows.append(LedgerRow(id=check.id, area=check.area, kind="check", text=text, max_bp=most, low_bp=low, high_bp=high))
    for refund in scored.refunds:
        text = f"one root cause costs at most the cap: {refund.root_cause}"
        rows.append(
            LedgerRow(id=refund.root_cause, area="", kind="root_cause_cap", text=text, max_bp=0, low_bp=refund.low_bp, high_bp=refund.high_bp)
        )
    return rows


def _by_fault(evaluated: Sequence[Evaluated]) -> dict[str, str]:
    """Fault -> the first check of the failure area that needs it alone."""
    alone = [c for c in evaluated if c.area == FAULTS_AREA and len(c.rule.needs) == 1]
    return {c.rule.needs[0].removeprefix("fault:"): c.id for c in reversed(alone)}


def _out_of_scope(rubric: Rubric, challenge: Challenge, mode: str) -> list[OutOfScope]:
    stimuli = challenge.modes[mode].stimuli
    return [
        OutOfScope(id=id, title=rule.title, area=area_id, why=f"{mode} mode does not exercise {', '.join(sorted(set(rule.needs) - stimuli))}")
        for area_id, area in rubric.areas.items()
        for id, rule in area.checks.items()
        if not in_scope(rule, challenge, mode)
    ]
