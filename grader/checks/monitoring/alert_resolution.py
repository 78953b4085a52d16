"""Do drift alerts end when the drift is over?"""

from __future__ import annotations

from grader.checks.analysis.drift import judged
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, challenge: Challenge, bars: Bars) -> Finding:
    found = judged(drift, challenge)
    if isinstance(found, Finding):
        return found
    heard, must = found
    must = [signal for signal in must if signal.stretch.recovery]
    if not must:
        return unmeasured("no clean windows were streamed after a drift")
    if heard.alarms.mostly_wrong or heard.alarms.always_on:
        return reached("never", "alarms came and went, or stayed, whatever was streamed: none ended because a drift did")
    ended = [signal for signal in must if signal.resolved and not signal.passing]
    early = sum(signal.passing for signal in must)
    seen = f"after {len(ended)} of {len(must)} drifts the alert that named the feature was resolved within the clean windows that followed"
    seen += f", after {early} it had been long before the drift was over" if early else ""
    return reached(
        at_least(len(ended) / len(must), (1.0, "resolves"), (bars["partly"], "partly"), below="never"), seen,
        measure("resolved", len(ended), "kinds of drift", n=len(must)),
    )  # fmt: skip
