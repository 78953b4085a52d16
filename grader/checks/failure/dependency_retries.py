"""How often is a broken dependency asked per request?"""

from __future__ import annotations

from grader.checks.analysis.dependency import never_asked
from grader.checks.analysis.faults import doomed, judgeable_of
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unjudged, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence

COUNTED = (
    "dependency_errors", "dependency_refused", "dependency_garbage", "dependency_slow", "dependency_blackhole", "dependency_drip",
)  # fmt: skip
"""Faults in which a retry is tempting and each call is counted. Not a reset: HTTP libraries send a GET once more then, of their own accord."""

BREAKER = 0.5
"""Calls per request below which the caller holds itself back."""


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    active = judgeable_of(faults, COUNTED)
    rates = {record.id: _rate(record) for record in active if record.facts.get("n_sent") and never_asked(record) is None}
    if not rates:
        reason = doomed(faults, COUNTED) or next((why for record in map(faults.fault, COUNTED) if (why := never_asked(record))), None)
        return unjudged("storm", reason) if reason else unmeasured("no fault in which the dependency counts its calls was shown to be active")
    id, worst = max(rates.items(), key=lambda item: item[1])
    held = sorted(name for name, rate in rates.items() if rate < BREAKER)
    seen = f"at most {worst:.1f} calls per request, in {id}, over {len(rates)} ways to break"
    seen += f"; calls fell off (a breaker) in {', '.join(held)}" if held else ""
    level = up_to(worst, (bars["calm"], "calm"), (bars["busy"], "busy"), beyond="storm")
    return reached(level, seen, measure("calls per request", worst, "calls", n=int(sum(record.facts["hits"] for record in active))))


def _rate(record: FaultRecord) -> float:
    """Calls per request sent, relative to what the service needs in its steady state where that is more than one."""
    facts = record.facts
    usual = facts.get("hits_before", 0.0) / max(1.0, facts.get("n_sent_before", 0.0))
    return facts.get("hits", 0.0) / facts["n_sent"] / max(1.0, usual)
