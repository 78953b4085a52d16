"""Does a new instance take over without a failed request?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "rolling_update", worst="drops")
    if isinstance(record, Finding):
        return record
    facts = record.facts
    sent, failed, exit_s = facts.get("sent", 0), facts.get("failed"), facts.get("exit_s", -1)
    if failed is None or not sent:
        return unmeasured("the requests during the update were not counted")
    if facts.get("second_ready_s", 0) < 0:
        return reached("alone", "a second instance beside the first died again and again, so that nothing could be updated")
    left = f"left {exit_s:.1f} s after SIGTERM" if exit_s >= 0 else "did not leave after SIGTERM"
    seen = f"{failed:.0f} of {sent:.0f} requests failed while a second instance took over; the first {left}"
    if facts.get("held_lost", 0):
        seen += f" and lost {facts['held_lost']:.0f} of the {facts.get('held', 0):.0f} requests that it held then"
    figures = measure("failed", failed, "requests", n=int(sent)), measure("second instance ready after", facts.get("second_ready_s", 0), "s")
    if failed > bars["few"] * sent:
        return reached("drops", seen, *figures)
    if failed:
        return reached("few", seen, *figures)
    if facts.get("unnamed", 0):
        return reached("nameless", f"{seen}; {facts['unnamed']:.0f} answers named no model version", *figures)
    return reached("seamless" if exit_s >= 0 else "lingers", seen, *figures)
