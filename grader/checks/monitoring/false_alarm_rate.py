"""How often does the monitor cry wolf on clean data? Only a monitor that notices something earns for silence."""

from __future__ import annotations

from grader.checks.analysis.drift import alarm_measure, cried, judged
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, challenge: Challenge, bars: Bars) -> Finding:
    found = judged(drift, challenge)
    if isinstance(found, Finding):
        return found
    heard, must = found
    seen, figure = cried(heard.alarms), alarm_measure(heard.alarms)
    if 2 * heard.alarms.answered < len(must) or not heard.alarms.answered:
        named = f"{heard.alarms.answered} of {len(must)} drifts were named"
        return reached("no_monitor", f"{named}, so silence on clean data earns nothing; {seen}", figure)
    if heard.alarms.mostly_wrong:
        right = f"{heard.alarms.answered} of {heard.alarms.must} drifts were named"
        return reached("cries_wolf", f"{heard.alarms.wrong} alarms were wrong while {right}; {seen}", figure)
    return reached(up_to(heard.alarms.count, (bars["quiet"], "quiet"), (bars["restless"], "restless"), beyond="cries_wolf"), seen, figure)
