"""What a broken dependency does to the answers: the same ladder for each way in which it can break."""

from __future__ import annotations

from grader.checks.analysis.faults import DEPENDENCY, doomed, judgeable, judgeable_of
from grader.checks.analysis.recovery import calm_share, during, good_share, recovery_s, typical_p95
from grader.checks.api import Measure, measure, reached, unjudged, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence
from grader.schema.result import Finding

SOME = 0.5
"""Share of good answers that still is better than an outage."""


def endured(faults: FaultsEvidence, id: str, *, answered: float, fast_ms: float) -> Finding:
    """fallback > slow > sheds > partly > fails, by what came back while the dependency was shown to be broken."""
    bypassed = never_asked(faults.fault(id))
    if bypassed:
        return unjudged("fails", bypassed)
    record = judgeable(faults, id, worst="fails")
    if isinstance(record, Finding):
        return record
    bins = during(record)
    good, calm = good_share(bins), calm_share(bins)
    if good is None or calm is None:
        return unmeasured("no requests were sent while the dependency was broken")
    p95 = typical_p95(bins)
    return reached(_level(good, calm, p95, answered, fast_ms), _said(record, good, calm, p95), *_measures(record, good, p95))


def not_passed_off(faults: FaultsEvidence, id: str, finding: Finding, flagged: float) -> Finding:
    """An answer from half of the features is good only if it says so: `passed_off` in the place of a rung that counts answers."""
    record = faults.fault(id)
    if record is None or finding.level not in ("fallback", "slow"):
        return finding
    plain, said = record.facts.get("n_plain_ok", 0.0), record.facts.get("n_degraded", 0.0)
    if said >= flagged * (said + plain):
        return finding
    observed = f"{plain:.0f} of {plain + said:.0f} answers did not say degraded, though a feature of theirs was missing; {finding.observed}"
    return reached("passed_off", observed, *finding.measures)


def never_asked(record: FaultRecord | None) -> str | None:
    """A service that never asks the dependency has nothing to survive. A breaker asks no more either, but says `degraded`."""
    if record is None or record.failure is not None or record.facts.get("hits", 1) + record.facts.get("hits_before", 0) > 0:
        return None
    plain = record.facts.get("n_plain_ok", 0)
    if not plain or record.facts.get("n_degraded", 0):
        return None
    return f"{plain:.0f} answers, none degraded, and the dependency was never asked: the model runs without half of its inputs"


def broken_dependency(faults: FaultsEvidence, worst: str) -> list[FaultRecord] | Finding:
    """The dependency faults that were active, else the finding that says why there are none."""
    records = [record for record in judgeable_of(faults, DEPENDENCY) if never_asked(record) is None]
    if records:
        return records
    bypassed = (never_asked(faults.fault(id)) for id in DEPENDENCY)
    reason = doomed(faults, DEPENDENCY) or next((sentence for sentence in bypassed if sentence), None)
    return unjudged(worst, reason) if reason else unmeasured("no dependency fault was shown to be active")


def _level(good: float, calm: float, p95: float | None, answered: float, fast_ms: float) -> str:
    if good >= answered:
        return "fallback" if p95 is not None and p95 <= fast_ms else "slow"
    if calm >= answered:
        return "sheds"
    return "partly" if good >= SOME else "fails"


def _said(record: FaultRecord, good: float, calm: float, p95: float | None) -> str:
    sent = sum(b.sent for b in during(record))
    degraded = sum(b.degraded for b in during(record))
    pace = "" if p95 is None else f" with a typical p95 of {p95:.0f} ms"
    after = recovery_s(record)
    back = "no recovery was seen" if after is None else f"normal {after:.1f} s after it healed"
    return f"{good:.0%} of {sent} requests answered ({degraded} degraded){pace}, {calm - good:.0%} shed, {1 - calm:.0%} failed; {back}"


def _measures(record: FaultRecord, good: float, p95: float | None) -> list[Measure]:
    found = [measure("answered", good * 100, "%", n=sum(b.sent for b in during(record)))]
    if p95 is not None:
        found.append(measure("typical p95", p95, "ms"))
    if (after := recovery_s(record)) is not None:
        found.append(measure("recovered after", after, "s"))
    return found
