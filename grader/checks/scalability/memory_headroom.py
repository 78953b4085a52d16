"""How much of the memory limit is left at the peak?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence


def check(load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    peaks = [(w.resources.memory_peak_bytes, w.name) for w in load.windows if w.resources]
    if not peaks:
        return unmeasured("memory was not measured under load")
    peak, name = max(peaks)
    share = peak / (challenge.limits.memory_mib * 2**20)
    level = up_to(share, (bars["roomy"], "roomy"), (bars["tight"], "tight"), beyond="full")
    seen = f"at most {peak / 2**20:.0f} of {challenge.limits.memory_mib} MiB in use ({share:.0%}, in window {name})"
    return reached(level, seen, measure("peak memory", peak / 2**20, "MiB"))
