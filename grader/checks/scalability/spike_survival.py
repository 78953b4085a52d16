"""At a multiple of the steady rate: does the service hold, or shed what it cannot serve?"""

from __future__ import annotations

from grader.checks.analysis.load import good, pace, usable
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    return usable(load, "spike", lambda window: _judge(window, challenge, bars), best="stands")


def _judge(window: LoadWindow, challenge: Challenge, bars: Bars) -> Finding:
    served, shed = good(window), window.errors.get("shed", 0)
    calm, goodput, plain = (served + shed) / window.sent, served / window.seconds, window.ok / window.seconds
    p95 = window.latency.p95_ms if window.latency else float("inf")
    seen = (
        f"at {window.rate_rps:g} requests/s {served} of {window.sent} answered ({goodput:.0f}/s, {pace(p95)}), "
        f"{shed} shed, {window.sent - served - shed} failed"
    )
    if window.degraded:
        seen += f"; {window.degraded} of the answers were fallbacks, though the feature store was well"
    figures = measure("goodput", goodput, "requests/s", n=window.sent), measure("answered or shed", calm * 100, "%", n=window.sent)
    steady = challenge.reality.rate_rps
    if calm >= bars["calm"] and goodput >= steady * bars["goodput"]:
        if plain < steady * bars["goodput"]:
            return reached("falls_back", seen, *figures)
        return reached("stands" if p95 <= bars["p95_ms"] else "queues", seen, *figures)
    return reached("bends" if calm >= bars["most"] and goodput >= steady * bars["least"] else "falls", seen, *figures)
