"""How small a shift does the monitor notice? Read off the severities at which one and the same feature was drifted."""

from __future__ import annotations

from grader.checks.analysis.drift import cried, unfit
from grader.checks.analysis.power import Curve, curves
from grader.checks.analysis.rungs import up_to
from grader.checks.analysis.signals import listen
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, challenge: Challenge, bars: Bars) -> Finding:
    if refusal := unfit(drift):
        return refusal
    found = curves(drift, challenge)
    if not found:
        return unmeasured("no kind was streamed at more than one severity")
    alarms = listen(drift, challenge).alarms
    seen = f"{'; '.join(_said(curve) for curve in found)}; {cried(alarms)}"
    smallest = [curve.smallest for curve in found]
    known = [severity for severity in smallest if severity is not None]
    if len(known) < len(smallest) or alarms.guessing or alarms.always_on:
        return reached("blind", seen)
    level = up_to(max(known), (bars["fine"], "fine"), (bars["sound"], "sound"), beyond="coarse")
    return reached(level, seen, measure("smallest severity noticed", max(known), "severity", n=len(known)))


def _said(curve: Curve) -> str:
    heard = (f"{s.stretch.run.severity:g} {f'after {s.delay} requests' if s.delay is not None else 'missed'}" for s in curve.signals)
    return f"{curve.kind} drift of {curve.feature}, by severity: {', '.join(heard)}"
