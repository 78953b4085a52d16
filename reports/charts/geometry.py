"""From numbers to SVG coordinates. Pure layout: where lines, bands, dots, ticks and labels stand; no judgement and no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from grader.schema.result import Chart, Dot, Point, Series, Span
from reports.charts.axes import Axis, Linear, Step, across, held, upwards
from reports.charts.labels import LANE, LETTER, Label, in_lanes
from reports.charts.shapes import SHAPES, shape

WIDTH, PLOT = 760, 162
LEFT, RIGHT, HEAD, BOTTOM = 50, 22, 20, 36
FLAGS = 12
"""Room for the flags of events, below the labels."""

APART = 3
"""Room between the labels and the plot, whose upper edge may be a limit."""

ASIDE = 0.05
"""Room beside dots, as a share of the axis: they are as wide as high, lines are not."""


@dataclass(frozen=True)
class Line:
    """One series as SVG path data; dots stand for points with no neighbour."""

    name: str
    path: str
    dots: list[tuple[float, float]]
    style: int


@dataclass(frozen=True)
class Flag:
    """An event on the horizontal axis. The label of a written one stands among the picture's labels."""

    x: float
    label: str
    kind: str
    written: bool


@dataclass(frozen=True)
class Spot:
    """A dot as path data; `stem` is the path down to its lower value."""

    path: str
    stem: str
    label: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """A chart ready to be drawn in a viewBox of `width` x `height`. `bands`: kind -> path of the shaded stretches."""

    chart: Chart
    lines: list[Line]
    bands: dict[str, str]
    flags: list[Flag]
    spots: list[Spot]
    labels: list[Label]
    x_ticks: list[Step]
    y_ticks: list[Step]
    limit_y: float | None
    top: int
    below: Picture | None = None
    head: int = HEAD
    lane: int = LANE
    width: int = WIDTH
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def bottom(self) -> int:
        return self.top + PLOT

    @property
    def height(self) -> int:
        return self.bottom + BOTTOM

    @property
    def kinds(self) -> list[str]:
        """Kinds of dots that the key has to explain."""
        found = {dot.kind for dot in self.chart.dots}
        return [kind for kind in SHAPES if kind in found]

    @property
    def grid(self) -> str:
        """Lines and ticks of both axes as one path: a report holds a dozen pictures."""
        return "".join(f"M{self.left} {t.at:g}H{self.right}" for t in self.y_ticks) + "".join(f"M{t.at:g} {self.bottom}v4" for t in self.x_ticks)

    @property
    def poles(self) -> str:
        """From each label down to the plot."""
        return "".join(f"M{label.pole:g} {self.head + label.lane * self.lane + 2}V{self.top}" for label in self.labels)

    @property
    def alerts(self) -> bool:
        return any(not flag.written for flag in self.flags)


def lay_out(chart: Chart) -> Picture:
    """Lay a chart out; an empty one gets axes from 0 to 1."""
    x = across(_xs(chart), LEFT, WIDTH - RIGHT, ASIDE if chart.dots else 0.0)
    flags = [Flag(x.at(mark.x), mark.label, mark.kind, mark.written) for mark in chart.marks]
    wanted = [*((x.at(min(s.start, s.end)), s.label) for s in chart.spans), *((f.x, f.label) for f in flags if f.written)]
    labels = in_lanes(wanted, LEFT, WIDTH - 2)
    top = HEAD + LANE * (1 + max((label.lane for label in labels), default=-1)) + APART + (FLAGS if any(not f.written for f in flags) else 0)
    y = upwards(_ys(chart), top + PLOT, top, chart.y_scale)
    return Picture(
        chart=chart,
        lines=[_line(series, x, y, index) for index, series in enumerate(chart.series)],
        bands=_bands(chart.spans, x, top),
        flags=flags,
        spots=[_spot(dot, x, y) for dot in chart.dots],
        labels=labels,
        x_ticks=_given(chart, x) if chart.x_ticks else x.ticks(8),
        y_ticks=y.ticks(4),
        limit_y=y.at(chart.limit) if chart.limit is not None else None,
        top=top,
        below=lay_out(chart.below) if chart.below else None,
    )


def _xs(chart: Chart) -> list[float]:
    points = [p.x for s in chart.series for p in s.points] + [dot.x for dot in chart.dots]
    edges = [edge for span in chart.spans for edge in (span.start, span.end)] + [mark.x for mark in chart.marks]
    return [held(x) for x in (*points, *edges)]


def _ys(chart: Chart) -> list[float]:
    points = [p.y for s in chart.series for p in s.points] + [y for dot in chart.dots for y in (dot.y, dot.low)]
    return [held(y) for y in (*points, chart.limit) if y is not None]


def _given(chart: Chart, x: Linear) -> list[Step]:
    """The chart's own ticks that lie on the axis, without those that would run into the one before."""
    steps: list[Step] = []
    for tick in sorted(chart.x_ticks, key=lambda t: t.at):
        at, room = x.at(tick.at), LETTER * len(tick.label) / 2
        clear = not steps or at - room > steps[-1].at + LETTER * len(steps[-1].label) / 2 + 4
        if LEFT - 0.5 <= at <= WIDTH - RIGHT + 0.5 and clear:
            steps.append(Step(at, tick.label))
    return steps


def _line(series: Series, x: Axis, y: Axis, index: int) -> Line:
    path, dots = [], []
    for run in _runs(series.points):
        placed = [(x.at(px), y.at(py)) for px, py in run]
        path.append(_path(placed))
        if len(placed) == 1:
            dots += placed
    return Line(series.name, "".join(path), dots, index)


def _path(placed: Sequence[tuple[float, float]]) -> str:
    """Relative steps are shorter than places. They are differences of rounded numbers, so nothing adds up along the way. A flat run is one step."""
    ends = zip([None, *placed], placed, [*placed[1:], None], strict=False)
    turns = [here for before, here, after in ends if not (before and after and before[1] == here[1] == after[1])]
    steps = [f"{after[0] - before[0]:.4g} {after[1] - before[1]:.4g}" for before, after in pairwise(turns)]
    return f"M{placed[0][0]:g} {placed[0][1]:g}" + (f"l{' '.join(steps)}" if steps else "")


def _runs(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """Stretches without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point.y is None:
            runs.append([])
        else:
            runs[-1].append((point.x, point.y))
    return [run for run in runs if run]


def _bands(spans: Sequence[Span], x: Axis, top: int) -> dict[str, str]:
    """Shaded stretches: kind -> one path with all of that kind."""
    paths: dict[str, str] = {}
    for span in spans:
        start, end = sorted((x.at(span.start), x.at(span.end)))
        paths[span.kind] = paths.get(span.kind, "") + f"M{start:g} {top}H{end:g}v{PLOT}H{start:g}z"
    return paths


def _spot(dot: Dot, x: Axis, y: Axis) -> Spot:
    px, py = x.at(dot.x), y.at(dot.y)
    stem = "" if dot.low is None else f"M{px:g} {py:g}V{y.at(dot.low):g}m-3 0h6"
    return Spot(shape(dot.kind, px, py), stem, dot.label, dot.kind)
