"""From numbers to SVG coordinates. Pure layout: axes, ticks, paths; no judgement and no markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grader.schema.result import Chart, FaultStrip, Point, Series, Span

WIDTH, HEIGHT = 760, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 26, 34


@dataclass(frozen=True)
class Tick:
    """A position on an axis and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One series as SVG path data; dots are marks for points with no neighbour."""

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
class Picture:
    """A chart ready to be drawn in a viewBox of WIDTH x HEIGHT."""

    chart: Chart
    lines: list[Line]
    bands: list[Band]
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
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, count: int) -> list[Tick]:
        step = _nice((self.high - self.low) / count)
        first = math.ceil(self.low / step) * step
        values = [first + i * step for i in range(int((self.high - first) / step + 1e-9) + 1)]
        return [Tick(self.at(v), f"{v:.10g}") for v in values]


def lay_out(chart: Chart) -> Picture:
    """Lay a chart out; an empty one gets axes from 0 to 1."""
    points = [p for s in chart.series for p in s.points]
    xs = [p.x for p in points] + [edge for s in chart.spans for edge in (s.start, s.end)]
    ys = [p.y for p in points if p.y is not None] + ([chart.limit] if chart.limit is not None else [])
    x = Axis(min(xs, default=0.0), _above(xs), LEFT, WIDTH - RIGHT)
    y = Axis(min(0.0, *ys) if ys else 0.0, _above(ys), HEIGHT - BOTTOM, TOP)
    return Picture(
        chart=chart,
        lines=[_line(series, x, y, index) for index, series in enumerate(chart.series)],
        bands=[_band(span, x) for span in chart.spans],
        x_ticks=x.ticks(8),
        y_ticks=y.ticks(4),
        limit_y=y.at(chart.limit) if chart.limit is not None else None,
    )


def _above(values: Sequence[float]) -> float:
    """The top of an axis: the next round number above the data."""
    top, low = max(values, default=1.0), min(values, default=0.0)
    if top <= low:
        return low + 1.0
    step = _nice((top - min(0.0, low)) / 4)
    return math.ceil(top / step - 1e-9) * step


def _nice(step: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten, not below step."""
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return next(power * m for m in (1, 2, 5, 10) if power * m >= step - 1e-12)


def _line(series: Series, x: Axis, y: Axis, index: int) -> Line:
    path, dots = [], []
    for run in _runs(series.points):
        placed = [(x.at(p.x), y.at(p.y)) for p in run if p.y is not None]
        path.append("M" + "L".join(f"{px:g} {py:g}" for px, py in placed))
        if len(placed) == 1 or _same_y(run):
            dots += placed
    return Line(series.name, "".join(path), dots, index)


def _same_y(run: list[Point]) -> bool:
    """Marks on a baseline (events) are dots, not a line along the axis."""
    return all(p.y == 0 for p in run)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Stretches without a gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.y is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _band(span: Span, x: Axis) -> Band:
    start, end = x.at(span.start), x.at(span.end)
    fits = (end - start) > 6.2 * len(span.label)
    return Band(start, round(end - start, 1), span.label if fits else "", span.kind)


CELL, STRIP_HEIGHT = 12, 28


@dataclass(frozen=True)
class Bar:
    """One cell of a strip: height by the share of good answers, a class so that it reads without colour too."""

    x: int
    y: float
    height: float
    kind: str


@dataclass(frozen=True)
class Strip:
    """A fault strip ready to be drawn."""

    strip: FaultStrip
    bars: list[Bar]
    width: int
    height: int
    fault_x: float | None
    fault_width: float


def strip(data: FaultStrip) -> Strip:
    """Lay a fault strip out; one cell per bin."""
    bars = [_bar(i, share) for i, share in enumerate(data.cells) if share is not None]
    start = None if data.inject_s is None else round(data.inject_s / data.bin_s * CELL, 1)
    end = start if start is None or data.undo_s is None else round(data.undo_s / data.bin_s * CELL, 1)
    width = max(1, len(data.cells)) * CELL
    return Strip(data, bars, width, STRIP_HEIGHT, start, max(2.0, (end or 0) - (start or 0)))


def _bar(index: int, share: float) -> Bar:
    height = round(max(2.0, share * STRIP_HEIGHT), 1)
    kind = "good" if share >= 0.99 else "part" if share >= 0.5 else "bad"
    return Bar(index * CELL, round(STRIP_HEIGHT - height, 1), height, kind)
