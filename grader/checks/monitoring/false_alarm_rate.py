"""How often does the monitor cry wolf on clean data? Only a monitor that notices something earns for silence."""

from __future__ import annotations

from grader.checks.analysis.bounds import upper_bound
from grader.checks.analysis.drift import unfit
from grader.checks.analysis.rungs import up_to
from grader.checks.analysis.signals import false_alarms, signal_of, stretches
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, bars: Bars) -> Finding:
    if refusal := unfit(drift):
        return refusal
    alarms, controls = false_alarms(drift)
    bound = upper_bound(alarms, controls)
    seen = f"{alarms} of {controls} clean windows had an alert, so the true rate is at most {bound:.0%} (95 %)"
    figure = measure("false alarms", alarms, "control windows", n=controls, low=0, high=bound * controls)
    if not any(signal_of(drift, stretch).episodes for stretch in stretches(drift)):
        return reached("no_monitor", f"no alert answered any drift, so silence on clean data earns nothing; {seen}", figure)
    level = up_to(alarms, (bars["quiet"], "quiet"), (bars["restless"], "restless"), beyond="cries_wolf")
    return reached(level, seen, figure)
