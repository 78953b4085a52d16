"""How numbers and outcomes read to people; shared by all formats."""

from __future__ import annotations

from grader.schema.result import AreaResult, ChallengeFacts, CheckResult, Measure, Outcome, Result
from grader.schema.spoken import percent as percent
from grader.schema.spoken import points as points
from grader.schema.spoken import several as several

DASH = "\N{EN DASH}"
"""Between the ends of a range, and for 'nothing'."""

OUTCOMES: dict[Outcome, str] = {
    Outcome.PASS: "pass",
    Outcome.PARTIAL: "partial",
    Outcome.FAIL: "fail",
    Outcome.UNKNOWN: "not measured",
    Outcome.NOT_APPLICABLE: "does not apply",
    Outcome.NEEDS_HUMAN: "needs a person",
}
"""Outcome -> word. The style sheet adds a mark by class: never a colour alone."""


UNJUDGED = "It does not stand for itself, neither good nor bad: what is named above decided, and has to be mended first."
"""Of a check that earns nothing and was never tried."""

DOTS = {
    "held": "held the target",
    "failed": "did not hold",
    "aborted": "did not hold, ended early",
    "void": "void: says nothing",
    "window": "a window or a trial",
    "noticed": "noticed",
    "missed": "missed",
}
"""Kind of dot -> word for a picture's key."""


def outcome(check: CheckResult) -> str:
    """The mark of a row. One that was not judged has no points, and nobody saw it fail."""
    return OUTCOMES[check.outcome] if check.judged else "no points"


def permille(bp: int) -> float:
    """Basis points as the width of a bar of 1000."""
    return max(0, min(10_000, bp)) / 10


def interval(low: int, high: int) -> str:
    """One number, or both ends where evidence is missing."""
    return points(low) if low == high else f"{points(low)} {DASH} {points(high)}"


def percents(low: int, high: int) -> str:
    """`interval`, in percent of an area."""
    return percent(low) if percent(low) == percent(high) else f"{percent(low).removesuffix(' %')} {DASH} {percent(high)}"


def number(value: float) -> str:
    """Three significant digits, more only before the point; no exponent where a person would not write one."""
    if abs(value) < 1e9 and (value == int(value) or abs(value) >= 1e3):
        return f"{value:.0f}"
    return f"{value:.3g}"


def cell(value: str | float | None) -> str:
    """A table's cell."""
    return DASH if value is None else value if isinstance(value, str) else number(value)


def figure(m: Measure) -> str:
    """The number with its name and unit: short enough for the first screen."""
    return f"{m.name} {number(m.value)} {m.unit}".rstrip()


def sample(m: Measure) -> str:
    """What a number stands on: n and interval, where there are any."""
    extras = [f"n = {m.n}"] if m.n is not None else []
    if m.low is not None and m.high is not None:
        extras.append(f"{m.ends} {number(m.low)} {DASH} {number(m.high)}")
    return ", ".join(extras)


def measured(m: Measure) -> str:
    """A number never stands alone: unit, n and interval go with it."""
    extras = sample(m)
    return f"{figure(m)} ({extras})" if extras else figure(m)


def verdict(result: Result) -> str:
    """The number where there is one; the reason where there is none."""
    if result.status == "insufficient_evidence":
        return "insufficient evidence"
    return f"{interval(result.score.low, result.score.high)} of 100"


def standing(area: AreaResult) -> str:
    """An area in a few words: its band and interval where there is enough evidence, else how much evidence there is."""
    if not area.sufficient:
        return f"insufficient evidence: {percent(area.coverage)} measured"
    return f"{percents(area.low, area.high)}, {band(area.band)}"


def band(name: str) -> str:
    """In quotes: "not shown" is the name of a band, and nothing that a report hides."""
    return f"“{name}”"


def bands(facts: ChallengeFacts) -> str:
    """What the names of the bands mean; empty where the result does not say."""
    rungs = sorted(facts.bands.items(), key=lambda rung: -rung[1])
    told = [f"{band(name)} from {least} %" if least else f"{band(name)} below that: too little of it was seen at work" for name, least in rungs]
    return f"Bands of an area's points: {', '.join(told)}." if told else ""


def mode(result: Result) -> str:
    """How much was exercised, and whether that is enough for a verdict."""
    return f"{result.mode} mode, for practice: no verdict" if result.practice else f"{result.mode} mode"


def counted(area: AreaResult) -> str:
    """What the area is to the headline."""
    if area.kind == "core":
        return f"{area.points} points"
    if area.counted_low:
        return f"{area.points} points, the best module"
    return "in the upper bound only" if area.counted_high else "not counted: only the best module is"


def weighs(area: AreaResult) -> str:
    """The same in a table's cell."""
    if area.kind == "core":
        return f"{area.points}"
    if area.counted_low:
        return f"{area.points}, the best module"
    return "upper bound only" if area.counted_high else "not counted"


PRACTICE = "This mode is for practice: it exercises too little, and leaves too much to luck, for a verdict. A larger mode gives one."
"""Stands in every report of such a mode."""

LIMITS = (
    "This is decision support, not a decision: no one is rejected by a number, and a named person decides and keeps the reasons. "
    "It says how this submission behaved under the stated production reality on one machine; "
    "it does not say how its author would do on another task or in the job. "
    "A candidate may contest any check by its id; the evidence bundle lets anyone re-score it."
)
"""What a score does not say; stands in every report."""
