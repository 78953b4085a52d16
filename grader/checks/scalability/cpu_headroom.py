"""By its CPU time per request, which rate could the service reach at most, and is the spike within it?"""

from __future__ import annotations

from grader.checks.analysis.load import cpu_ms_per_request, usable
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    return usable(load, "steady", lambda window: _judge(window, challenge, bars), best="spike")


def _judge(window: LoadWindow, challenge: Challenge, bars: Bars) -> Finding:
    cost = cpu_ms_per_request(window)
    if not cost:
        return unmeasured("CPU time was not measured in window steady")
    ceiling, spike = challenge.limits.cpus * 1e3 / cost, challenge.reality.rate_rps * challenge.reality.burst_factor
    level = at_least(ceiling / spike, (bars["spike"], "spike"), (bars["most"], "most"), (bars["steady"], "steady"), below="none")
    seen = f"{cost:.2f} ms of CPU per request: at most {ceiling:.0f} requests/s on {challenge.limits.cpus:g} CPU, the spike is {spike:g}/s"
    return reached(level, seen, measure("CPU per request", cost, "ms", n=window.sent), measure("CPU-bound ceiling", ceiling, "requests/s"))
