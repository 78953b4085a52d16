"""How much CPU time do a million predictions take?"""

from __future__ import annotations

from grader.checks.analysis.load import PER_MILLION, cpu_ms_per_request, usable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import LoadEvidence, LoadWindow


def check(load: LoadEvidence, bars: Bars) -> Finding:
    return usable(load, "steady", lambda window: _judge(window, bars), best="lean")


def _judge(window: LoadWindow, bars: Bars) -> Finding:
    cost = cpu_ms_per_request(window)
    if not cost:
        return unmeasured("CPU time was not measured in window steady")
    hours = cost / 1e3 * PER_MILLION / 3600
    level = up_to(hours, (bars["lean"], "lean"), (bars["fair"], "fair"), (bars["dear"], "dear"), beyond="wasteful")
    seen = f"{hours:.2f} CPU hours per million predictions ({cost:.2f} ms each), at most {bars['lean']:g} h"
    return reached(level, seen, measure("CPU per million predictions", hours, "h", n=window.sent))
