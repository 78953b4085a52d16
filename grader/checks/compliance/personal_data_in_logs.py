"""Do personal values that we sent stand in the log? A service that logs nothing has no log to be clean."""

from __future__ import annotations

from grader.checks.api import Finding, measure, reached, unmeasured
from grader.schema.evidence import LogsEvidence


def check(logs: LogsEvidence) -> Finding:
    if not logs.canaries_sent:
        return unmeasured("no personal value was sent")
    if not logs.lines:
        return reached("no_log", "the container logged nothing, so there is no log to be clean")
    seen = f"{logs.canaries_found} of {logs.canaries_sent} personal values that we sent stand in {logs.lines} log lines"
    return reached("leaks" if logs.canaries_found else "clean", seen, measure("leaked values", logs.canaries_found, "values", n=logs.canaries_sent))
