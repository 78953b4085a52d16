"""Under steady load, which share of the requests gets no valid prediction?"""

from __future__ import annotations

from grader.checks.analysis.bounds import upper_bound
from grader.checks.analysis.load import good, usable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, bars: Bars) -> Finding:
    return usable(load, "steady", lambda window: _judge(window, bars), best="clean")


def _judge(window: LoadWindow, bars: Bars) -> Finding:
    lost = window.sent - good(window)
    share = lost / window.sent
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(window.errors.items()) if n)
    seen = f"{lost} of {window.sent} requests got no valid prediction ({share:.2%}{'; ' + kinds if kinds else ''})"
    level = up_to(share, (bars["clean"], "clean"), (bars["few"], "few"), beyond="many")
    return reached(level, seen, measure("errors", share * 100, "%", n=window.sent, low=0, high=upper_bound(lost, window.sent) * 100))
