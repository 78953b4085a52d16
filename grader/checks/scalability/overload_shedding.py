"""Beyond its capacity, does the service go on answering what it can, and refuse the rest at once?"""

from __future__ import annotations

from grader.checks.analysis.load import good, pace, usable_window
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadWindow, StressEvidence


def check(stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    capacity = stress.capacity
    if capacity is None:
        return unmeasured("no capacity was searched, so none could be exceeded")
    if stress.overload is None and (capacity.limited_by != "service" or capacity.most_rps >= bars["reach_rps"]):
        return reached("sheds", f"overload is out of reach: it answers {capacity.most_rps:.0f} requests/s, near what can be sent at all")
    if stress.overload is None and not capacity.saturation_rps and not capacity.void:
        return reached("collapses", "it answered no request of the bursts that look for its capacity")
    known = capacity.rate_rps or capacity.saturation_rps
    return usable_window(stress.overload, "overload", lambda window: _judge(window, known, challenge, bars), best="sheds")


def _judge(window: LoadWindow, capacity: float, challenge: Challenge, bars: Bars) -> Finding:
    served, shed = good(window), window.errors.get("shed", 0)
    goodput, lost = served / window.seconds / capacity, (window.sent - served - shed) / window.sent
    plain = window.ok / window.seconds / capacity
    p95 = window.latency.p95_ms if window.latency else float("inf")
    seen = (
        f"at {window.rate_rps:.0f} requests/s, {window.rate_rps / capacity:.1f} x its capacity: {served / window.seconds:.0f}/s answered "
        f"({pace(p95)}), {shed} of {window.sent} shed, {window.sent - served - shed} failed or too late"
    )
    if window.degraded:
        seen += f"; {window.degraded} of the answers were fallbacks"
    figures = measure("goodput", goodput * 100, "% of capacity", n=window.sent), measure("failed or too late", lost * 100, "%", n=window.sent)
    if goodput >= bars["goodput"] and lost <= bars["lost"]:
        if plain < bars["plain"]:
            return reached("falls_back", seen, *figures)
        return reached("sheds" if p95 <= bars["slos"] * challenge.reality.slo_p99_ms else "queues", seen, *figures)
    return reached("bends" if goodput >= bars["least"] else "collapses", seen, *figures)
