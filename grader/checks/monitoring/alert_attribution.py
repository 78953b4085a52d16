"""Do drift alerts name the feature that is to blame, and few others?"""

from __future__ import annotations

from grader.checks.analysis.drift import judged
from grader.checks.analysis.rungs import at_least
from grader.checks.analysis.signals import Signal
from grader.checks.api import Bars, Finding, measure, not_applicable, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, challenge: Challenge, bars: Bars) -> Finding:
    found = judged(drift, challenge)
    if isinstance(found, Finding):
        return found
    heard, must = found
    must = [signal for signal in must if signal.stretch.feature]
    if not must:
        return not_applicable("none of the drifts that were streamed has a single input to blame")
    right = [s for s in must if s.episodes and len(s.blamed) <= bars["most_blamed"]]
    level = "wrong" if heard.alarms.guessing else at_least(len(right) / len(must), (1.0, "right"), (bars["partly"], "partly"), below="wrong")
    seen = "; ".join(_said(signal) for signal in must)
    return reached(level, seen, measure("rightly blamed", len(right), "kinds of drift", n=len(must)))


def _said(signal: Signal) -> str:
    if signal.blamed:
        return f"{signal.stretch.says}: alerts blamed {', '.join(sorted(signal.blamed))}"
    return f"{signal.stretch.says}: {f'{signal.unnamed[0].name} blamed no input' if signal.unnamed else 'no alert'}"
