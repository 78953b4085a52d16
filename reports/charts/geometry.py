"""From numbers to SVG coordinates. Pure layout: axes, ticks, paths; no judgement and no markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grader.schema.result import Chart, Mark, Point, Series, Span

WIDTH, HEIGHT = 760, 244
LEFT, RIGHT, TOP, BOTTOM = 50, 22, 46, 36
LETTER = 6.4
"""Width of a letter of the chart's font, near enough to tell whether a label fits."""

HUGE = 1e12
"""Values are held within this, so that no axis overflows."""


@dataclass(frozen=True)
class Tick:
    """A position on an axis and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One series as SVG path data; dots stand for points with no neighbour."""

    name: str
    path: str
    dots: list[tuple[float, float]]
    style: int


@dataclass(frozen=True)
class Band:
    """A shaded stretch. `label` is empty where it would not fit."""

    x: float
    width: float
    label: str
    kind: str


@dataclass(frozen=True)
class Flag:
    """An event on the time axis."""

    x: float
    label: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """A chart ready to be drawn in a viewBox of WIDTH x HEIGHT."""

    chart: Chart
    lines: list[Line]
    bands: list[Band]
    flags: list[Flag]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    limit_y: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Axis:
    """A linear scale from data to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return round(self.start + (_held(value) - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, count: int) -> list[Tick]:
        step = _nice((self.high - self.low) / count)
        first = math.ceil(self.low / step) * step
        values = [first + i * step for i in range(int((self.high - first) / step + 1e-9) + 1)]
        return [Tick(self.at(v), f"{v:.10g}") for v in values]


def lay_out(chart: Chart) -> Picture:
    """Lay a chart out; an empty one gets axes from 0 to 1."""
    points = [p for s in chart.series for p in s.points]
    xs = [_held(x) for x in (*(p.x for p in points), *(edge for s in chart.spans for edge in (s.start, s.end)), *(m.x for m in chart.marks))]
    ys = [_held(p.y) for p in points if p.y is not None] + ([_held(chart.limit)] if chart.limit is not None else [])
    x = _axis(min(xs, default=0.0), max(xs, default=1.0), LEFT, WIDTH - RIGHT)
    y = _axis(min(0.0, *ys) if ys else 0.0, _above(ys), HEIGHT - BOTTOM, TOP)
    return Picture(
        chart=chart,
        lines=[_line(series, x, y, index) for index, series in enumerate(chart.series)],
        bands=[_band(span, x) for span in chart.spans],
        flags=[_flag(mark, x) for mark in chart.marks],
        x_ticks=x.ticks(8),
        y_ticks=y.ticks(4),
        limit_y=y.at(chart.limit) if chart.limit is not None else None,
    )


def _held(value: float) -> float:
    return max(-HUGE, min(HUGE, value))


def _axis(low: float, high: float, start: float, end: float) -> Axis:
    """An axis is never so short that its ticks could not be told apart."""
    short = high - low <= 1e-9 * max(1.0, abs(low), abs(high))
    return Axis(low, low + max(1.0, abs(low) * 1e-3) if short else high, start, end)


def _above(values: Sequence[float]) -> float:
    """The top of an axis: the next round number above the data."""
    top, low = max(values, default=1.0), min(0.0, *values, 0.0)
    step = _nice((top - low) / 4)
    return math.ceil(top / step - 1e-9) * step


def _nice(step: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten, not below step."""
    if step < 1e-9:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next((power * m for m in (1, 2, 5) if power * m >= step * (1 - 1e-9)), power * 10)


def _line(series: Series, x: Axis, y: Axis, index: int) -> Line:
    path, dots = [], []
    for run in _runs(series.points):
        placed = [(x.at(px), y.at(py)) for px, py in run]
        path.append("M" + "L".join(f"{px:g} {py:g}" for px, py in placed))
        if len(placed) == 1:
            dots += placed
    return Line(series.name, "".join(path), dots, index)


def _runs(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """Stretches without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point.y is None:
            runs.append([])
        else:
            runs[-1].append((point.x, point.y))
    return [run for run in runs if run]


def _band(span: Span, x: Axis) -> Band:
    start, end = sorted((x.at(span.start), x.at(span.end)))
    fits = (end - start) > LETTER * len(span.label) + 6
    return Band(start, round(end - start, 1), span.label if fits else "", span.kind)


def _flag(mark: Mark, x: Axis) -> Flag:
    return Flag(x.at(mark.x), mark.label, mark.kind)
