"""All windows of load in order of time, end to end on one axis: repeats of void ones would leave long empty stretches between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.judge.say import figure
from grader.judge.strips import grouped
from grader.schema.evidence import LoadEvidence, LoadWindow, StressEvidence, TimeBin
from grader.schema.result import Point, Span

BETWEEN_S = 1.0
"""Room between two windows on the axis."""

POINTS = 150
"""Most points of one curve: a picture is 760 units wide, and more points than that only make the report heavy."""

WIDTHS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""Slices of time that people can read. Narrower ones than the first show the arrivals' own randomness."""

X_UNIT = "seconds of load, windows end to end"


@dataclass(frozen=True)
class Placed:
    """A window and where it starts on the axis."""

    start: float
    window: LoadWindow
    bin_s: float

    @property
    def end(self) -> float:
        return self.start + self.window.seconds


def timeline(load: LoadEvidence | None, stress: StressEvidence | None) -> list[Placed]:
    """Load, and what stress followed with."""
    sent = [(w, load.bin_s) for w in load.windows] if load else []
    sent += [(w, stress.bin_s) for w in stressed(stress)] if stress else []
    sent.sort(key=lambda item: item[0].start_s)
    placed: list[Placed] = []
    for window, bin_s in sent:
        placed.append(Placed(placed[-1].end + BETWEEN_S if placed else 0.0, window, bin_s))
    return placed


def stressed(stress: StressEvidence) -> list[LoadWindow]:
    return [w for w in (stress.overload, stress.relief, stress.soak) if w]


def slice_s(line: Sequence[Placed], most: int = POINTS) -> float:
    """The narrowest slice of time that cuts all windows into at most `most` pieces."""
    total = sum(p.window.seconds for p in line)
    return next((width for width in WIDTHS_S if total / width <= most), WIDTHS_S[-1])


def curve(line: Sequence[Placed], width_s: float, value: Callable[[Sequence[TimeBin], float], float | None]) -> list[Point]:
    """`value` of every slice's bins, in the slice's middle. Nothing is known between two windows, so the line has a gap there."""
    points: list[Point] = []
    for p in line:
        for i, bins in sorted(grouped(p.window.bins, width_s).items()):
            middle = min((i + 0.5) * width_s, p.window.seconds)
            points.append(Point(x=round(p.start + middle, 3), y=value(bins, p.bin_s)))
        points.append(Point(x=round(p.end, 3), y=None))
    return points


def spans(line: Sequence[Placed]) -> list[Span]:
    return [Span(start=round(p.start, 3), end=round(p.end, 3), label=label(p.window), kind=p.window.name) for p in line]


def label(window: LoadWindow) -> str:
    return f"{named(window)} {rate(window)}/s{' (void)' if window.void else ''}"


def named(window: LoadWindow) -> str:
    return window.name.replace("_", " ")


def rate(window: LoadWindow) -> str:
    """Requests per second; of a ramp both ends."""
    start = "" if window.rate_from_rps is None else f"{figure(window.rate_from_rps)}-"
    return start + figure(window.rate_rps)
