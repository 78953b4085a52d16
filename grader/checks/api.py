"""What a check is, and the few words it may answer with.

A check is one file `grader/checks/<area>/<id>.py` holding one pure function `check`. Its parameters are its declared inputs: evidence
models (resolved by annotation from the bundle), `challenge: Challenge`, and `bars: Bars` (the numbers of its rubric entry). An input
whose collection failed never reaches it: grader.scoring turns that into a fail (culprit candidate) or `unknown` (grader, host). One
annotated `Model | None` is evidence that can only help: without it the check gets None, and must not be kinder for that.

    def check(boot: BootEvidence, bars: Bars) -> Finding:
        if boot.first_ready_s is None:
            return reached("never", "the ready route never answered 200")
        level = "fast" if boot.first_ready_s <= bars["fast_s"] else "slow"
        return reached(level, f"ready after {boot.first_ready_s:.1f} s", measure("ready after", boot.first_ready_s, "s"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from grader.schema.base import Culprit
from grader.schema.evidence import Place
from grader.schema.result import Finding, Measure, Outcome

__all__ = ["Bars", "Check", "Finding", "Measure", "measure", "not_applicable", "reached", "unjudged", "unmeasured"]

Bars = Mapping[str, float]
Check = Callable[..., Finding]


def reached(level: str, observed: str, *measures: Measure, places: Sequence[Place] = (), credit: int | None = None) -> Finding:
    """The ladder level that the evidence shows, and the one sentence that says what was seen.

    `credit` (basis points) replaces the level's own on a curve; scoring refuses one outside the level's neighbours' range.
    """
    return Finding(level=level, observed=observed, measures=list(measures), places=list(places), credit=credit)


def unmeasured(observed: str, culprit: Culprit = Culprit.GRADER) -> Finding:
    """The stimulus or the evidence is missing: `unknown`. Never for something the candidate did."""
    return Finding(outcome=Outcome.UNKNOWN, observed=observed, culprit=culprit)


def unjudged(level: str, observed: str) -> Finding:
    """The candidate's doing kept this from being tried: the level is lost, but was not seen. `observed` says what happened instead."""
    return Finding(level=level, observed=observed, judged=False)


def not_applicable(observed: str) -> Finding:
    """The question does not arise, shown by positive evidence (never by missing evidence)."""
    return Finding(outcome=Outcome.NOT_APPLICABLE, observed=observed)


def measure(
    name: str, value: float, unit: str, n: int | None = None, low: float | None = None, high: float | None = None, ends: str = "95 % interval"
) -> Measure:
    """A number with its unit; `low`/`high` are its 95 % interval, or what `ends` says that they are."""
    return Measure(name=name, value=round(value, 6), unit=unit, n=n, low=low, high=high, ends=ends)
