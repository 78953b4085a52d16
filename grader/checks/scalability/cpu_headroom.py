"""By its CPU time per request, which rate could the service reach at most, and is the spike within it?"""

from __future__ import annotations

from grader.checks.analysis.load import usable_capacity
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, StressEvidence


def check(stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    """CPU time is read at full load: on a core that sleeps between requests the same work costs up to four times as much."""
    return usable_capacity(stress, lambda capacity: _judge(capacity, challenge, bars), best="spike")


def _judge(capacity: Capacity, challenge: Challenge, bars: Bars) -> Finding:
    cost, cpus = capacity.cpu_ms_per_request, challenge.limits.cpus
    if not cost:
        return unmeasured("CPU time per request was not measured at full load")
    ceiling, spike = cpus * 1e3 / cost, challenge.reality.rate_rps * challenge.reality.burst_factor
    level = at_least(ceiling / spike, (bars["spike"], "spike"), (bars["most"], "most"), (bars["steady"], "steady"), below="none")
    seen = f"{cost:.2f} ms of CPU per request: at most {ceiling:.0f} requests/s on {cpus:g} CPU, the spike is {spike:g}/s"
    return reached(level, seen, measure("CPU per request", cost, "ms"), measure("CPU-bound ceiling", ceiling, "requests/s"))
