"""Does the request counter count what we sent, by status?"""

from __future__ import annotations

from grader.checks.analysis.lies import counts_scrapes, miscount, names_predictions
from grader.checks.analysis.metrics import busiest, request_counters
from grader.checks.analysis.rungs import up_to
from grader.checks.analysis.shedding import unshed
from grader.checks.analysis.waiting import uncounted
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import FaultsEvidence, MetricsEvidence


def check(metrics: MetricsEvidence, faults: FaultsEvidence | None, challenge: Challenge, bars: Bars) -> Finding:
    between = busiest(metrics)
    if isinstance(between, Finding):
        return between
    counters = request_counters(between, challenge) if between else []
    if between is None or not counters:
        return reached("missing", "no counter of requests among the metrics")
    name, by_status = counters[0]
    counted, sent = sum(by_status.values()), between.truth.sent
    off = max(0.0, abs(counted - sent) - bars["spare"]) / sent
    level = up_to(off, (bars["true"], "true"), (bars["near"], "near"), beyond="untrue")
    why = "" if level == "true" else f": {miscount(name, counted, between, metrics)}"
    if level == "true" and "" in by_status:
        level = "total"
    scrapes = counts_scrapes(name, metrics, challenge)
    if level in ("true", "total") and names_predictions(name) and scrapes >= bars["scrapes"]:
        level, why = "others", f": it also grew by {scrapes:.0f} while only scrapes were sent, so other routes count as predictions"
    if level in ("true", "total") and (left_out := uncounted(name, metrics, faults, challenge)):
        level, why = "untrue", f"; {left_out}"
    elif level in ("true", "others") and (left_out := unshed(name, metrics, faults, challenge)):
        level, why = "unshed", f"; {left_out}"
    label = "without a status label" if "" in by_status else f"by status ({', '.join(sorted(by_status))})"
    seen = f"{name} grew by {counted:.0f} while {sent} requests were sent, {label}{why}"
    return reached(level, seen, measure("counted against sent", counted / sent * 100, "%", n=sent))
