"""How many requests pass between the onset of drift and its alert?"""

from __future__ import annotations

from grader.checks.analysis.drift import unfit
from grader.checks.analysis.signals import false_alarms, signal_of, stretches
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import DriftEvidence
from grader.schema.rubric import FULL


def check(drift: DriftEvidence, bars: Bars) -> Finding:
    if refusal := unfit(drift):
        return refusal
    streamed = stretches(drift)
    if not streamed:
        return unmeasured("no drift was streamed")
    alarms, controls = false_alarms(drift)
    delays = {s.kind: delay for s in streamed if (delay := signal_of(drift, s).delay) is not None}
    if not delays or alarms >= controls:
        return reached("late", "no alert answered any of the drifts" if not delays else "an alert was up all the time, so it answered nothing")
    mean = sum(delays.values()) / len(delays)
    seen = f"alerts came after {', '.join(f'{n} requests ({kind})' for kind, n in delays.items())}; mean {mean:.0f}"
    took = measure("mean delay", mean, "requests", n=len(delays))
    if mean <= bars["full"]:
        return reached("prompt", seen, took)
    if mean >= bars["zero"]:
        return reached("late", seen, took)
    return reached("slow", seen, took, credit=round(FULL * (bars["zero"] - mean) / (bars["zero"] - bars["full"])))
