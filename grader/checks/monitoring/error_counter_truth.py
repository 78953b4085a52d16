"""Are wrong requests counted as such?"""

from __future__ import annotations

import re
from collections.abc import Mapping

from grader.checks.analysis.metrics import growth_of, request_counters, since
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import MetricsEvidence

ERRORS = re.compile(r"error|fail|invalid|reject|exception|bad_", re.I)


def check(metrics: MetricsEvidence, challenge: Challenge, bars: Bars) -> Finding:
    between = since(metrics, "before_errors")
    if isinstance(between, Finding):
        return between
    if between is None:
        return reached("blind", "the metrics could not be read around the wrong requests")
    truth = {status: n for status, n in between.truth.statuses.items() if status.isdigit() and int(status) >= 400}
    wrong = sum(truth.values())
    if not wrong:
        return reached("blind", f"{between.truth.sent} wrong requests were sent and none was answered with an error that could be counted")
    measured = measure("wrong requests", wrong, "requests")
    labelled = [(name, _errors(by_status)) for name, by_status in request_counters(between, challenge) if "" not in by_status]
    for name, counted in labelled:
        if abs(counted - wrong) <= bars["spare"]:
            return reached("true", f"{name} counted {counted:.0f} of {wrong} wrong requests under their status", measured)
    for name, counted in growth_of(between, ERRORS).items():
        if abs(counted - wrong) <= bars["spare"]:
            return reached("apart", f"{name} counted {counted:.0f} of {wrong} wrong requests, without their status", measured)
    seen = f"{labelled[0][0]} counted {labelled[0][1]:.0f} of them as errors" if labelled else "no counter has a status label or counts errors"
    if labelled:
        seen += _lie(*labelled[0], sum(request_counters(between, challenge)[0][1].values()), wrong, bars["spare"])
    return reached("blind", f"{wrong} wrong requests were sent; {seen}", measured)


def _lie(name: str, errors: float, counted: float, wrong: int, spare: float) -> str:
    """Which lie it is, from how many were counted at all."""
    lies = (
        (counted == 0, "only successes are counted"),
        (errors == 0 and abs(counted - wrong) <= spare, f"{name} counts them as successes"),
        (abs(errors - 2 * wrong) <= spare, "they are counted twice"),
    )
    return next((f": {said}" for lie, said in lies if lie), "")


def _errors(by_status: Mapping[str, float]) -> float:
    """Growth under statuses that say error: 4xx, 5xx, or a word such as `error`."""
    return sum(n for status, n in by_status.items() if status[:1] in ("4", "5") or ERRORS.search(status))
