"""Are the requests that were in flight at SIGTERM answered before the process leaves?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "sigterm_drain", worst="drops")
    if isinstance(record, Finding):
        return record
    held, lost, exit_s = (record.facts.get(key) for key in ("in_flight_at_signal", "in_flight_lost", "exit_s"))
    if held is None or lost is None or exit_s is None:
        return unmeasured("the requests in flight were not recorded")
    if held < bars["least"]:
        return unmeasured(f"only {held:.0f} requests were in flight at the signal, too few to judge by")
    left = "never exited" if exit_s < 0 else f"exit after {exit_s:.1f} s"
    seen = f"{lost:.0f} of {held:.0f} requests in flight were lost; {left}"
    figure = measure("lost in flight", lost, "requests", n=int(held))
    if exit_s < 0:
        return reached("deaf", seen, measure("exit within the grace period", 0, "of 1"), figure)
    level = up_to(lost / held, (0, "drains"), (bars["some"], "leaks"), beyond="drops")
    if level == "drains" and exit_s > bars["exit_s"]:
        level = "late"
    return reached(level, seen, figure, measure("exit after SIGTERM", exit_s, "s"))
