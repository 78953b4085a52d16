"""Does memory grow with the requests served?"""

from __future__ import annotations

from grader.checks.analysis.growth import Slope, lasting
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadWindow, StressEvidence


def check(stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    """A void soak counts all the same: a noisy host moves latencies, not bytes per request."""
    soak = stress.soak
    use = soak.resources if soak else None
    found = lasting(use.samples) if use else None
    if soak is None or found is None:
        return unmeasured("memory was not sampled over enough requests")
    flat = max(bars["flat_kib"], bars["chunk_mib"] * 1024 / max(1, found.requests))
    level = up_to(found.low, (flat, "flat"), (bars["creeping_kib"], "creeps"), beyond="leaks")
    interval = f"{found.kib_per_request:.2f} KiB per request (99 %: {found.low:.2f} to {found.high:.2f}, over {found.requests} requests)"
    seen = f"memory grows by {interval}{_until(found, soak, challenge)}" if level != "flat" else f"memory does not grow with requests: {interval}"
    figure = measure("growth", found.kib_per_request, "KiB per request", n=found.requests, low=found.low, high=found.high, ends="99 % interval")
    return reached(level, seen, figure)


def _until(found: Slope, soak: LoadWindow, challenge: Challenge) -> str:
    used = soak.resources.memory_end_bytes / 1024 if soak.resources else 0.0
    left = max(0.0, challenge.limits.memory_mib * 1024 - used)
    minutes = left / (found.kib_per_request * challenge.reality.rate_rps) / 60
    return f": at {challenge.reality.rate_rps:g} requests/s the limit is reached after {minutes:.0f} min"
