"""Without a free byte in /tmp, are predictions still made?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import calm_share, during, good_share
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "tmp_full", worst="fails")
    if isinstance(record, Finding):
        return record
    bins = during(record)
    good, calm = good_share(bins), calm_share(bins)
    if good is None or calm is None:
        return unmeasured("no requests were sent while /tmp was full")
    restarts = record.facts.get("restarts", 0)
    seen = f"{good:.0%} answered and {calm - good:.0%} shed while /tmp was full" + (f", {restarts:.0f} restarts" if restarts else "")
    figure = measure("answered", good * 100, "%", n=sum(b.sent for b in bins))
    if good >= bars["holds"] and not restarts:
        return reached("holds", seen, figure)
    if good >= bars["mostly"]:
        return reached("mostly", seen, figure)
    return reached("sheds" if calm >= bars["mostly"] else "fails", seen, figure)
