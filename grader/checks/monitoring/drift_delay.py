"""How many requests pass between the onset of drift and its alert?"""

from __future__ import annotations

from grader.checks.analysis.drift import judged
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence
from grader.schema.rubric import FULL


def check(drift: DriftEvidence, challenge: Challenge, bars: Bars) -> Finding:
    found = judged(drift, challenge)
    if isinstance(found, Finding):
        return found
    heard, must = found
    delays = {s.stretch.kind: s.delay for s in must}
    if not any(delay is not None for delay in delays.values()):
        return reached("late", "no alert named any of the drifts")
    if heard.alarms.always_on or heard.alarms.guessing:
        return reached("late", "alerts came whatever was streamed, so they answered nothing")
    credits = [_credit(delay, bars) for delay in delays.values()]
    credit = round(FULL * sum(credits) / len(credits))
    seen = "; ".join(f"{kind}: {f'after {delay} requests' if delay is not None else 'never'}" for kind, delay in delays.items())
    known = [delay for delay in delays.values() if delay is not None]
    took = measure("mean delay", sum(known) / len(known), "requests", n=len(known))
    if credit == FULL:
        return reached("prompt", seen, took)
    return reached("slow", seen, took, credit=credit) if credit else reached("late", seen, took)


def _credit(delay: int | None, bars: Bars) -> float:
    """1 up to `full` requests, falling to 0 at `zero`; 0 for a drift that nobody named."""
    return 0.0 if delay is None else min(1.0, max(0.0, (bars["zero"] - delay) / (bars["zero"] - bars["full"])))
