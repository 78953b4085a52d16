"""Do the logs say why something went wrong?"""

from __future__ import annotations

from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import LogsEvidence


def check(logs: LogsEvidence, bars: Bars) -> Finding:
    errors = logs.errors
    if errors is None:
        return unmeasured("the log was not read after the wrong requests and the faults")
    if not errors.wrong_requests:
        return unmeasured("no wrong request was sent")
    lines = errors.explained + errors.bare + errors.prose
    during = f"from {errors.wrong_requests} wrong requests to the last fault"
    if not lines:
        return reached("none", f"{during}, no log line speaks of anything wrong")
    share = (errors.explained + errors.prose) / lines
    kinds = f"{errors.explained} as JSON with a cause, {errors.prose} as prose, {errors.bare} bare"
    seen = f"{during}, {lines} log lines speak of something wrong: {kinds}"
    figure = measure("lines that say why", share * 100, "%", n=lines)
    if share < bars["why"]:
        return reached("bare", f"{seen}; most name no cause", figure)
    return reached("explained" if errors.explained >= errors.prose else "prose", seen, figure)
