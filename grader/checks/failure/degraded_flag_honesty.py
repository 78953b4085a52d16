"""Is `degraded` true when a fallback was used, and only then?"""

from __future__ import annotations

from grader.checks.analysis.dependency import broken_dependency
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import ContractEvidence, FaultRecord, FaultsEvidence, LoadEvidence

ASKED_ELSEWHERE = ("dependency_missing_field", "dependency_nan")
"""An unflagged answer in one of these costs the check of that fault."""


def check(faults: FaultsEvidence, contract: ContractEvidence, load: LoadEvidence, bars: Bars) -> Finding:
    records = broken_dependency(faults, worst="untrue")
    if isinstance(records, Finding):
        return records
    flagged = sum(r.facts.get("n_degraded", 0) for r in records)
    plain = sum(r.facts.get("n_plain_ok", 0) for r in records)
    steady = load.window("steady")
    usable = steady is not None and steady.void is None
    calm = contract.predictions.valid + (steady.ok + steady.degraded if steady and usable else 0)
    cried = contract.predictions.degraded + (steady.degraded if steady and usable else 0)
    share, false = flagged / max(1, flagged + plain), cried / max(1, calm)
    seen = f"{flagged:.0f} of {flagged + plain:.0f} answers with a broken dependency said degraded; {cried} of {calm} did in steady state"
    figures = measure("flagged in faults", share * 100, "%"), measure("flagged in steady state", false * 100, "%", n=calm)
    if flagged < bars["least"] or false > bars["false"]:
        return reached("untrue", seen, *figures)
    level = at_least(share, (bars["honest"], "honest"), (bars["mostly"], "mostly"), below="untrue")
    shares = {r.id: of_one for r in records if r.id not in ASKED_ELSEWHERE and (of_one := _flagged(r, bars["least"])) is not None}
    hidden = [id for id, of_one in shares.items() if of_one < bars["honest"]]
    if level == "honest" and hidden:  # one way of falling back that says nothing is lost among many that do
        told = ", ".join(f"{shares[id]:.0%} of those in {id}" for id in hidden)
        return reached("mostly", f"{seen}; but only {told}", *figures)
    return reached(level, seen, *figures)


def _flagged(record: FaultRecord, least: float) -> float | None:
    """Share of a fault's answers that said degraded; None for too few answers."""
    said, plain = record.facts.get("n_degraded", 0.0), record.facts.get("n_plain_ok", 0.0)
    return said / (said + plain) if said + plain >= least else None
