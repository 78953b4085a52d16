"""After a burst beyond its capacity: is the service itself again, and did those it could not serve learn that at once?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import before, recovery_s, typical_p95
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, challenge: Challenge, bars: Bars) -> Finding:
    record = judgeable(faults, "overload", worst="never")
    if isinstance(record, Finding):
        return record
    facts = record.facts
    if not facts.get("burst_sent"):
        return unmeasured("the requests of the burst were not recorded")
    lost = facts.get("burst_lost", 0) / facts["burst_sent"]
    burst = (
        f"{facts['burst_sent']:.0f} requests at {facts.get('burst_rps', 0):.0f}/s: {facts.get('burst_ok', 0):.0f} answered, "
        f"{facts.get('burst_shed', 0):.0f} shed at once, {facts.get('burst_lost', 0):.0f} timed out or failed"
    )
    figures = [measure("timed out or failed", lost * 100, "%", n=int(facts["burst_sent"]))]
    limit = max(challenge.reality.slo_p99_ms, bars["factor"] * (typical_p95(before(record)) or 0.0))
    after = recovery_s(record, p95_ms=limit)
    if facts.get("restarts", 0):
        return reached("never", f"{burst}; the container restarted", *figures)
    if after is None or after > bars["slow_s"]:
        return reached("never", f"{burst}; p95 was not back under {limit:.0f} ms within {bars['slow_s']:g} s", *figures)
    seen = f"{burst}; p95 back under {limit:.0f} ms {after:.1f} s after it (at most {bars['prompt_s']:g} s)"
    figures.append(measure("recovered after", after, "s"))
    if after > bars["prompt_s"]:
        return reached("slow", seen, *figures)
    return reached("sheds" if lost <= bars["lost"] else "recovers", seen, *figures)
