"""Is `degraded` true when a fallback was used, and only then?"""

from __future__ import annotations

from grader.checks.analysis.dependency import broken_dependency
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import ContractEvidence, FaultsEvidence, LoadEvidence


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
    return reached(at_least(share, (bars["honest"], "honest"), (bars["mostly"], "mostly"), below="untrue"), seen, *figures)
