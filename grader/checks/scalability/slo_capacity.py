"""Up to which rate does the service meet its latency target, and is the spike within it?"""

from __future__ import annotations

from grader.checks.analysis.load import reached_rate, shown_rate, undegraded_rate, usable_capacity
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, LoadEvidence, StressEvidence


def check(stress: StressEvidence, load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    shown = shown_rate(load, challenge)
    return usable_capacity(stress, lambda capacity: _judge(capacity, shown, challenge, bars), best="spike")


def _judge(capacity: Capacity, shown: float, challenge: Challenge, bars: Bars) -> Finding:
    whole = undegraded_rate(capacity, bars["fallbacks"])
    rate, spike = max(whole, shown), challenge.reality.rate_rps * challenge.reality.burst_factor
    if not rate and not capacity.trials and capacity.saturation_rps >= bars["steady"] * spike:
        return unmeasured(f"saturated at {capacity.saturation_rps:.0f} requests/s, and the search had no time left to try a rate")
    level = at_least(rate / spike, (bars["spike"], "spike"), (bars["most"], "most"), (bars["steady"], "steady"), below="none")
    seen = f"{reached_rate(capacity)} (p99 <= {challenge.reality.slo_p99_ms:g} ms); the spike is {spike:g}/s"
    if whole < (capacity.rate_rps or 0.0):
        seen += f"; from {whole:.0f} requests/s on by fallbacks, though the feature store was well"
    if shown > whole:
        seen += f"; before the search a window at {shown:.0f}/s met the target"
    confirmed = [trial for trial in capacity.trials if trial.phase == "confirm" and trial.held]
    n = confirmed[-1].sent if confirmed else None
    failed = capacity.failed_rps if capacity.failed_rps is not None and capacity.failed_rps > rate else None
    return reached(level, seen, measure("capacity", rate, "requests/s", n=n, low=rate, high=failed, ends="held and failed at"))
