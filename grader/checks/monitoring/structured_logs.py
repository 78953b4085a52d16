"""Can a machine read the log, and can a request be followed in it?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import LogsEvidence


def check(logs: LogsEvidence, bars: Bars) -> Finding:
    if not logs.lines:
        return reached("plain", "the container logged nothing")
    share = logs.json_lines / logs.lines
    seen = f"{logs.json_lines} of {logs.lines} log lines are JSON ({share:.0%}), {logs.with_request_id} carry a transaction id"
    seen += f", {logs.with_model_version} the model version"
    if logs.with_level is not None:
        seen += f", {logs.with_level} a level"
    if logs.trace_lines:
        seen += f"; {logs.trace_lines} plain lines are stack traces between them"
    level = at_least(share, (bars["json"], "json"), (bars["mixed"], "mixed"), below="plain")
    if logs.canaries_found:
        return reached("leaking", f"{seen}; {logs.canaries_found} of {logs.canaries_sent} personal values that we sent stand in them")
    if level == "json" and logs.with_request_id > 0:
        level = "traceable" if logs.with_model_version > 0 and logs.with_level != 0 else "half_traceable"
    return reached(level, seen, measure("JSON lines", share * 100, "%", n=logs.lines))
