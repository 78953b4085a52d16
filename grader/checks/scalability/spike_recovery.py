"""After the spike, how soon are answers fast and complete again?"""

from __future__ import annotations

from grader.checks.analysis.load import usable
from grader.checks.analysis.recovery import recovered_at
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    steady = load.window("steady")
    usual = steady.latency.p95_ms if steady and steady.latency and not steady.void else 0.0
    limit = max(challenge.reality.slo_p99_ms, usual * bars["factor"])
    flagged = steady.degraded / steady.sent if steady and steady.sent and not steady.void else 0.0
    return usable(load, "recovery", lambda after: _judge(after, limit, bars["fallbacks"] + flagged, bars), best="prompt")


def _judge(after: LoadWindow, limit: float, fallbacks: float, bars: Bars) -> Finding:
    took = recovered_at(after.bins, 0.0, p95_ms=limit, fallbacks=fallbacks)
    if took is None and recovered_at(after.bins, 0.0, p95_ms=limit) is not None:
        return reached("stays", f"{after.degraded} of {after.sent} answers after the spike were fallbacks, though the feature store was well")
    if took is None:
        return reached("stays", f"p95 was not back under {limit:.0f} ms within {after.seconds:g} s after the spike")
    level = up_to(took, (bars["prompt_s"], "prompt"), (bars["slow_s"], "slow"), beyond="stays")
    seen = f"p95 back under {limit:.0f} ms {took:.1f} s after the spike (at most {bars['prompt_s']:g} s)"
    return reached(level, seen, measure("recovered after", took, "s"))
