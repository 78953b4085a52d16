"""Do drift alerts end when the drift is over?"""

from __future__ import annotations

from grader.checks.analysis.drift import unfit
from grader.checks.analysis.rungs import at_least
from grader.checks.analysis.signals import signal_of, stretches
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, bars: Bars) -> Finding:
    if refusal := unfit(drift):
        return refusal
    streamed = [s for s in stretches(drift) if s.recovery]
    if not streamed:
        return unmeasured("no clean windows were streamed after a drift")
    signals = [signal for s in streamed if (signal := signal_of(drift, s)).episodes]
    if not signals:
        return reached("never", "no alert answered any of the drifts, so none could end")
    ended = [s for s in signals if s.resolved]
    level = at_least(len(ended) / len(signals), (1.0, "resolves"), (bars["partly"], "partly"), below="never")
    seen = f"after {len(ended)} of {len(signals)} answered drifts every alert was resolved within the clean windows that followed"
    return reached(level, seen, measure("resolved", len(ended), "kinds of drift", n=len(signals)))
