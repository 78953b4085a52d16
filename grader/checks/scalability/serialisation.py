"""At its limit, does the service use its CPU, or does it wait in line for a lock, a blocking call or too few workers?"""

from __future__ import annotations

from grader.checks.analysis.load import usable_capacity
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, StressEvidence


def check(stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    return usable_capacity(stress, lambda capacity: _judge(capacity, challenge, bars), best="busy")


def _judge(capacity: Capacity, challenge: Challenge, bars: Bars) -> Finding:
    shares = [step.cpu_share for step in capacity.bursts if step.cpu_share is not None]
    shares += [trial.cpu_share for trial in capacity.trials if trial.held and trial.cpu_share is not None]
    if not shares or not capacity.saturation_rps:
        return unmeasured("no CPU time was measured at the service's limit")
    share, at_once = max(shares), capacity.parallelism or 1.0
    level = at_least(share, (bars["busy"], "busy"), (bars["half"], "half"), below="serial" if at_once < bars["alone"] else "few_workers")
    cost = capacity.cpu_ms_per_request
    ceiling = f"; by CPU time alone {challenge.limits.cpus * 1e3 / cost:.0f}/s would be possible" if cost else ""
    seen = f"saturated at {capacity.saturation_rps:.0f} requests/s with {share:.0%} of its CPU in use, {at_once:.1f} x the rate of a single caller"
    seen += ceiling
    if capacity.limited_by != "service":
        return reached("busy", f"{seen}; its limit is beyond what was sent")
    return reached(level, seen, measure("CPU in use at the limit", share * 100, "%"), measure("requests at once", at_once, "x"))
