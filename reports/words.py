"""How numbers and outcomes read to people; shared by all formats."""

from __future__ import annotations

from grader.schema.result import Measure, Outcome, Result

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.PASS: ("✓", "pass"),
    Outcome.PARTIAL: ("◐", "partial"),
    Outcome.FAIL: ("✗", "fail"),
    Outcome.UNKNOWN: ("?", "not measured"),
    Outcome.NOT_APPLICABLE: ("–", "does not apply"),
    Outcome.NEEDS_HUMAN: ("?", "needs a person"),
}
"""Outcome -> mark and word; never a colour alone."""


def points(bp: int) -> str:
    """Basis points of the headline as points of 100."""
    return f"{bp / 100:.2f}".rstrip("0").rstrip(".")


def percent(bp: int) -> str:
    return f"{bp / 100:.0f} %"


def interval(low: int, high: int) -> str:
    """One number, or low–high where evidence is missing."""
    return points(low) if low == high else f"{points(low)} – {points(high)}"


def number(value: float) -> str:
    """Up to four significant digits, without an exponent where a person would not write one."""
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value)}"
    return f"{value:.4g}"


def measured(m: Measure) -> str:
    """A number never stands alone: unit, n and interval go with it."""
    text = f"{m.name} {number(m.value)} {m.unit}".rstrip()
    extras = [f"n = {m.n}"] if m.n is not None else []
    if m.low is not None and m.high is not None:
        extras.append(f"95 % interval {number(m.low)} – {number(m.high)}")
    return f"{text} ({', '.join(extras)})" if extras else text


def verdict(result: Result) -> str:
    """The number where there is one; the reason where there is none."""
    if result.status == "insufficient_evidence":
        return "insufficient evidence"
    return f"{interval(result.score.low, result.score.high)} of 100"


LIMITS = (
    "This is decision support, not a decision: no one is rejected by a number, and a named person decides and keeps the reasons. "
    "It says how this submission behaved under the stated production reality on one machine; it does not say how its author would do on another task or in the job. "
    "A candidate may contest any check by its id; the evidence bundle lets anyone re-score it."
)
"""What a score does not say; stands in every report."""
