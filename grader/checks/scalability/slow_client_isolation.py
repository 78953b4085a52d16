"""Do clients on bad lines, which send one byte at a time, slow the others down?"""

from __future__ import annotations

from grader.checks.analysis.load import usable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, bars: Bars) -> Finding:
    steady = load.window("steady")
    usual = _share(steady) if steady and steady.sent and not steady.void else 0.0
    return usable(load, "slow_clients", lambda window: _judge(window, usual, bars), best="apart")


def _judge(window: LoadWindow, usual: float, bars: Bars) -> Finding:
    slow = window.slow_clients
    if slow is None or not slow.opened:
        return unmeasured("no slow connection could be opened")
    share = _share(window)
    level = up_to(share - usual, (bars["apart"], "apart"), (bars["felt"], "felt"), beyond="blocked")
    seen = f"{share:.1%} of {window.sent} requests were late or lost beside {slow.opened} slow connections ({usual:.1%} without them)"
    if slow.in_body:
        seen += f", {slow.in_body} of which had sent their headers at once"
    if slow.cut_by_service:
        seen += f"; it cut {slow.cut_by_service} of them, the first after {slow.first_cut_s or 0:.1f} s"
    return reached(level, seen, measure("late or lost", share * 100, "%", n=window.sent))


def _share(window: LoadWindow) -> float:
    return (window.latency.over_slo if window.latency else window.sent) / window.sent
