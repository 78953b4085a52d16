"""Pictures of how long callers waited and what they got: over time, by percentile, and answers against requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log10

from grader.judge.say import figure, percent
from grader.judge.strips import grouped
from grader.judge.tables.load import outcomes
from grader.judge.timeline import X_UNIT, Placed, curve, label, named, rate, slice_s, spans
from grader.schema.challenge import Challenge
from grader.schema.evidence import Latency, LoadWindow, TimeBin
from grader.schema.result import Chart, Point, Series, Table, Tick

Row = list[str | float | None]

ROWS = 40
"""Most rows of the table behind the curve."""

COMPARED = ("steady", "spike", "overload")
"""Windows whose percentiles are drawn over each other: ordinary traffic, the promised burst, and beyond what the service can do."""

SHARES = {0.0: "0 %", 0.5: "50 %", 0.9: "90 %", 0.95: "95 %", 0.99: "99 %", 0.999: "99.9 %", 0.9999: "99.99 %"}
"""Labels of the axis of shares."""


def over_time(line: Sequence[Placed], challenge: Challenge) -> Chart | None:
    if not line:
        return None
    width, slo_ms = slice_s(line), challenge.reality.slo_p99_ms
    says = f"Largest p95 within each {width:g} s, from the intended arrival.{_slowest(line)}{_unanswered(line)}"
    return Chart(
        id="latency", title="Latency under open-loop load", says=says, x_unit=X_UNIT, y_unit="ms", y_scale="log",
        series=[Series(name="p95", unit="ms", points=curve(line, width, _largest))], spans=spans(line), limit=slo_ms,
        limit_label=f"SLO {slo_ms:g} ms", table=_slices(line),
    )  # fmt: skip


def _largest(bins: Sequence[TimeBin], _: float) -> float | None:
    return max((round(b.p95_ms, 1) for b in bins if b.p95_ms is not None), default=None)


def _slowest(line: Sequence[Placed]) -> str:
    found = [(p.window.latency, p.window) for p in line if p.window.latency]
    if not found:
        return ""
    seen, window = max(found, key=lambda item: item[0].p99_ms)
    return f" Slowest window: {label(window)}, p99 {figure(seen.p99_ms)} ms (n = {seen.n:,})."


def _unanswered(line: Sequence[Placed]) -> str:
    """A window that left no line is the worst of all."""
    names = [label(p.window) for p in line if p.window.latency is None and p.window.sent]
    return f" Without any valid prediction: {', '.join(names)}." if names else ""


def _slices(line: Sequence[Placed]) -> Table:
    """The curves in rows."""
    width = max(1.0, slice_s(line, ROWS))
    rows: list[Row] = []
    for p in line:
        for i, bins in sorted(grouped(p.window.bins, width).items()):
            rows.append([named(p.window), i * width, *(sum(read(b) for b in bins) for read in COUNTS.values()), _largest(bins, p.bin_s)])
    return Table(id="slices", title=f"Load in slices of {width:g} s", columns=["window", "second", *COUNTS, "largest p95 ms"], rows=rows)


def _good(b: TimeBin) -> int:
    return b.ok + b.degraded


COUNTS: dict[str, Callable[[TimeBin], int]] = {"sent": lambda b: b.sent, "good": _good, "shed": lambda b: b.shed, "failed": lambda b: b.failed}

ALWAYS = ("sent", "good")
"""Curves that are drawn in every report, down to the axis where nothing was answered; the others only where there is something to show."""


def throughput(line: Sequence[Placed]) -> Chart | None:
    if not line:
        return None
    width = slice_s(line)
    series = [Series(name=name, unit="requests/s", points=_rates(line, width, name)) for name in COUNTS]
    return Chart(
        id="throughput", title="Requests sent and answered", says=_answered(line), x_unit=X_UNIT, y_unit="requests/s", y_scale="log",
        series=[s for s in series if s.name in ALWAYS or any(p.y for p in s.points)], spans=spans(line), table=outcomes([p.window for p in line]),
    )  # fmt: skip


def _rates(line: Sequence[Placed], width: float, name: str) -> list[Point]:
    def per_second(bins: Sequence[TimeBin], bin_s: float) -> float | None:
        seen = round(sum(COUNTS[name](b) for b in bins) / (len(bins) * bin_s), 1)
        return seen if seen or name in ALWAYS else None

    return curve(line, width, per_second)


def _answered(line: Sequence[Placed]) -> str:
    sent = sum(p.window.sent for p in line)
    good = sum(p.window.ok + p.window.degraded for p in line)
    shed = sum(p.window.errors.get("shed", 0) for p in line)
    if good == sent:
        return f"All {sent:,} requests answered well."
    return f"{good:,} of {sent:,} requests answered well, {shed:,} shed, {sent - good - shed:,} failed.{_beyond(line)}"


def _beyond(line: Sequence[Placed]) -> str:
    """Overload is most of what was not answered: what still was is the point of it."""
    window = next((p.window for p in line if p.window.name == "overload" and p.window.sent and p.window.seconds), None)
    if window is None:
        return ""
    good, waited = window.ok + window.degraded, f", p99 {figure(window.latency.p99_ms)} ms" if window.latency else ""
    share = f"{figure(good / window.seconds)}/s answered well, {percent(good / window.sent)} of what was sent"
    return f" Overload at {figure(window.rate_rps)}/s: {share}{waited}."


def percentiles(line: Sequence[Placed], challenge: Challenge) -> Chart | None:
    """The axis of shares is stretched towards 100 %: each step of one is a tenth of the requests that were left."""
    drawn = [(p.window, p.window.latency) for name in COMPARED for p in line if p.window.name == name and p.window.latency]
    if not drawn:
        return None
    slo_ms = challenge.reality.slo_p99_ms
    points = {label(window): [Point(x=_nines(q), y=ms) for q, ms in _curve(seen)] for window, seen in drawn}
    furthest = max(p.x for series in points.values() for p in series)
    return Chart(
        id="percentiles", title="Latency by percentile", says=_within(drawn, slo_ms), x_unit="share of the valid predictions",
        y_unit="ms", y_scale="log",
        series=[Series(name=name, unit="ms", points=series) for name, series in points.items()],
        x_ticks=[Tick(at=_nines(q), label=text) for q, text in SHARES.items() if _nines(q) <= furthest + 1e-9],
        limit=slo_ms, limit_label=f"SLO {slo_ms:g} ms", table=_shares(drawn),
    )  # fmt: skip


def _nines(q: float) -> float:
    return round(-log10(1 - q), 4)


def _curve(seen: Latency) -> list[tuple[float, float]]:
    """The recorded curve, else the percentiles; a share that leaves less than one request beyond it says nothing."""
    named = [(0.5, seen.p50_ms), (0.95, seen.p95_ms), (0.98, seen.p98_ms), (0.99, seen.p99_ms), (0.999, seen.p999_ms)]
    return [(q, ms) for q, ms in seen.curve or named if 0 <= q < 1 and seen.n * (1 - q) >= 1 - 1e-9] or named[:1]


def _within(drawn: Sequence[tuple[LoadWindow, Latency]], slo_ms: float) -> str:
    told = ", ".join(f"{figure(seen.p99_ms)} ms ({named(window)}, {rate(window)}/s)" for window, seen in drawn)
    return f"99 % of the valid predictions came within {told}; the target is {slo_ms:g} ms."


def _shares(drawn: Sequence[tuple[LoadWindow, Latency]]) -> Table:
    curves = [dict(_curve(seen)) for _, seen in drawn]
    rows: list[Row] = [[f"{q * 100:g} %", *(c.get(q) for c in curves)] for q in sorted({q for c in curves for q in c})]
    columns = ["share", *(f"{label(window)}: ms (n = {seen.n:,})" for window, seen in drawn)]
    return Table(id="percentiles", title="Milliseconds within which a share of the valid predictions came", columns=columns, rows=rows)
