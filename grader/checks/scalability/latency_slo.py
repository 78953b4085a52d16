"""Does steady load show, with 99 % confidence, that at most 1 % of the requests miss the latency target?"""

from __future__ import annotations

from grader.checks.analysis.bounds import shows_share_below
from grader.checks.analysis.load import usable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, challenge: Challenge, bars: Bars) -> Finding:
    return usable(load, "steady", lambda window: _judge(window, challenge, bars), best="proven")


def _judge(window: LoadWindow, challenge: Challenge, bars: Bars) -> Finding:
    slo, n, latency = challenge.reality.slo_p99_ms, window.sent, window.latency
    slow = latency.over_slo if latency else n
    seen = f"{slow} of {n} requests ({slow / n:.2%}) took longer than {slo:g} ms or failed, at {window.rate_rps:g} requests/s"
    figures = [measure("over the target", slow / n * 100, "%", n=n)]
    if latency:
        seen += f"; p99 {latency.p99_ms:.0f} ms"
        low, high = latency.interval("p99")
        figures.append(measure("p99", latency.p99_ms, "ms", n=latency.n, low=low, high=high))
    if shows_share_below(slow, n, bars["share"], bars["confidence"]):
        return reached("proven", f"{seen}: enough to say so with {bars['confidence']:.0%} confidence", *figures)
    level = up_to(slow / n, (bars["share"], "met"), (bars["near"], "near"), (bars["far"], "far"), beyond="missed")
    return reached(level, seen, *figures)
