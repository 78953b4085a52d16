"""Do drift alerts name the feature that is to blame, and few others?"""

from __future__ import annotations

from grader.checks.analysis.drift import unfit
from grader.checks.analysis.rungs import at_least
from grader.checks.analysis.signals import Signal, signal_of, stretches
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, bars: Bars) -> Finding:
    if refusal := unfit(drift):
        return refusal
    streamed = stretches(drift)
    if not streamed:
        return unmeasured("no drift was streamed")
    signals = [signal for s in streamed if (signal := signal_of(drift, s)).episodes]
    if not signals:
        return reached("wrong", "no alert answered any of the drifts, so none blamed a feature")
    right = [s for s in signals if s.stretch.feature in s.blamed and len(s.blamed) <= bars["most_blamed"]]
    level = at_least(len(right) / len(signals), (1.0, "right"), (bars["partly"], "partly"), below="wrong")
    seen = "; ".join(_said(signal) for signal in signals)
    return reached(level, seen, measure("rightly blamed", len(right), "kinds of drift", n=len(signals)))


def _said(signal: Signal) -> str:
    return f"{signal.stretch.kind} drift of {signal.stretch.feature}: alerts blamed {', '.join(sorted(signal.blamed)) or 'no feature'}"
