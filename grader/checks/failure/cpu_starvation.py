"""With a fraction of its CPU, does the service hold or shed, and is it fast again afterwards?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import before, calm_share, during, recovery_s, typical_p95
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "cpu_starvation", worst="never")
    if isinstance(record, Finding):
        return record
    calm = calm_share(during(record))
    if calm is None:
        return unmeasured("no requests were sent while the CPU was short")
    normal = max(bars["p95_ms"], 2 * (typical_p95(before(record)) or 0.0))
    after = recovery_s(record, p95_ms=normal)
    quota = f"at {record.facts.get('quota_cpus', 0):g} CPU {calm:.0%} of the requests were answered or shed"
    if after is None or after > bars["slow_s"]:
        return reached("never", f"{quota}; p95 was not back under {normal:.0f} ms within {bars['slow_s']:g} s")
    seen = f"{quota}; p95 back under {normal:.0f} ms after {after:.1f} s (at most {bars['prompt_s']:g} s)"
    figures = measure("answered or shed", calm * 100, "%"), measure("recovered after", after, "s")
    if after > bars["prompt_s"]:
        return reached("slow", seen, *figures)
    return reached("graceful" if calm >= bars["calm"] else "recovers", seen, *figures)
