"""Pictures as data. Renderers draw these; nothing is computed after this point."""

from __future__ import annotations

from itertools import accumulate

from grader.checks.analysis.signals import moved_gauges, stretch_of
from grader.judge.strips import grouped
from grader.schema.bundle import Bundle
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, DriftWindow, LoadEvidence, LoadWindow, TimeBin
from grader.schema.result import Chart, Mark, Point, Series, Span, Table

Row = list[str | float | None]

BETWEEN_S = 1.0
"""Room between two windows on the axis."""

RATE_BIN_S = 0.5
"""Slice of the throughput curve: narrower ones show the arrivals' own randomness."""


def charts(bundle: Bundle, challenge: Challenge) -> list[Chart]:
    """Whatever the evidence allows, in reading order."""
    load, drift = bundle.evidence.get("load"), bundle.evidence.get("drift")
    drawn: list[Chart] = []
    if isinstance(load, LoadEvidence) and load.windows:
        drawn += [_latency(load, challenge), _throughput(load)]
    if isinstance(drift, DriftEvidence) and drift.windows:
        drawn.append(_scores(drift))
        drawn += [chart for kind in drift.order if (chart := _signal(drift, kind))]
    return drawn


def _placed(load: LoadEvidence) -> list[tuple[float, LoadWindow]]:
    """Each window and where it starts on the axis: end to end, since repeats of void ones would leave long empty stretches between them."""
    starts = accumulate((w.seconds + BETWEEN_S for w in load.windows[:-1]), initial=0.0)
    return list(zip(starts, load.windows, strict=True))


def _latency(load: LoadEvidence, challenge: Challenge) -> Chart:
    points = [p for start, w in _placed(load) for p in [*(_point(start + b.t_s, b.p95_ms) for b in w.bins), _point(start + w.seconds, None)]]
    says = f"p95 per {load.bin_s:g} s from the intended arrival.{_slowest(load)}"
    return Chart(
        id="latency", title="Latency under open-loop load", says=says, x_unit="seconds of load, windows end to end", y_unit="ms",
        series=[Series(name="p95", unit="ms", points=points)], spans=_windows(load), limit=challenge.reality.slo_p99_ms,
        limit_label=f"SLO {challenge.reality.slo_p99_ms:g} ms", table=_seconds(load),
    )  # fmt: skip


def _slowest(load: LoadEvidence) -> str:
    found = [(w.latency.p99_ms, w.latency.n, w) for w in load.windows if w.latency]
    if not found:
        return ""
    p99_ms, n, w = max(found, key=lambda item: item[0])
    return f" Slowest window: {w.name} at {w.rate_rps:g} requests/s, p99 {p99_ms:.0f} ms (n = {n})."


def _point(x: float, y: float | None) -> Point:
    """None is a gap: nothing is known between two windows, so the line must not join them."""
    return Point(x=round(x, 3), y=y)


def _windows(load: LoadEvidence) -> list[Span]:
    return [Span(start=round(start, 3), end=round(start + w.seconds, 3), label=_label(w), kind=w.name) for start, w in _placed(load)]


def _label(w: LoadWindow) -> str:
    return f"{w.name} {w.rate_rps:g}/s{' (void)' if w.void else ''}"


def _seconds(load: LoadEvidence) -> Table:
    """The curve in rows of one second."""
    rows: list[Row] = []
    for w in load.windows:
        for second, bins in sorted(grouped(w.bins, 1.0).items()):
            slowest = max((b.p95_ms for b in bins if b.p95_ms is not None), default=None)
            counts = [sum(read(b) for b in bins) for _, read in COUNTS]
            rows.append([w.name, second, *counts, None if slowest is None else round(slowest, 1)])
    columns = ["window", "second", *(name for name, _ in COUNTS), "largest p95 ms"]
    return Table(id="seconds", title="Load second by second", columns=columns, rows=rows)


def _sent(b: TimeBin) -> int:
    return b.sent


def _good(b: TimeBin) -> int:
    return b.ok + b.degraded


def _shed(b: TimeBin) -> int:
    return b.shed


def _failed(b: TimeBin) -> int:
    return b.failed


COUNTS = (("sent", _sent), ("good", _good), ("shed", _shed), ("failed", _failed))


def _throughput(load: LoadEvidence) -> Chart:
    series: list[Series] = []
    for name, read in COUNTS:
        points: list[Point] = []
        for start, w in _placed(load):
            for i, bins in sorted(grouped(w.bins, RATE_BIN_S).items()):
                rate = sum(read(b) for b in bins) / (len(bins) * load.bin_s)
                points.append(_point(start + i * RATE_BIN_S, round(rate, 1)))
            points.append(_point(start + w.seconds, None))
        if name in ("sent", "good") or any(p.y for p in points):
            series.append(Series(name=name, unit="requests/s", points=points))
    return Chart(
        id="throughput", title="Requests sent and answered", says=_answered(load), x_unit="seconds of load, windows end to end", y_unit="requests/s",
        series=series, spans=_windows(load), table=_outcomes(load),
    )  # fmt: skip


def _answered(load: LoadEvidence) -> str:
    sent, good = sum(w.sent for w in load.windows), sum(w.ok + w.degraded for w in load.windows)
    shed = sum(b.shed for w in load.windows for b in w.bins)
    if good == sent:
        return f"All {sent} requests answered well."
    return f"{good} of {sent} requests answered well, {shed} shed, {sent - good - shed} failed."


def _outcomes(load: LoadEvidence) -> Table:
    rows: list[Row] = []
    for w in load.windows:
        others = ", ".join(f"{kind} {n}" for kind, n in sorted(w.errors.items())) or "none"
        rows.append([w.name, w.scheduled, w.sent, w.ok, w.degraded, others])
    return Table(id="outcomes", title="Answers per window", columns=["window", "scheduled", "sent", "ok", "degraded", "others"], rows=rows)


def _spans(drift: DriftEvidence) -> list[Span]:
    """Contiguous stretches of one phase on the request axis."""
    spans: list[Span] = []
    for window in drift.windows:
        label, start, end = _phase(window), float(window.first_request), _end(window)
        if spans and spans[-1].label == label:
            spans[-1] = spans[-1].model_copy(update={"end": end})
        else:
            spans.append(Span(start=start, end=end, label=label, kind=window.phase))
    return spans


def _end(window: DriftWindow) -> float:
    return float(window.first_request + window.sent)


def _marks(drift: DriftEvidence) -> list[Mark]:
    return [Mark(x=float(a.request), label=f"{a.name} {a.status}{_blame(a.labels)}", kind=a.status) for a in drift.alerts]


def _blame(labels: dict[str, str]) -> str:
    return f" ({labels['feature']})" if labels.get("feature") else ""


def _scores(drift: DriftEvidence) -> Chart:
    points = [Point(x=_end(w), y=None if w.mean_score is None else round(w.mean_score, 5)) for w in drift.windows]
    fired = sum(a.status == "firing" for a in drift.alerts)
    rows: list[Row] = [[_phase(w), w.first_request, w.sent, w.ok, p.y] for w, p in zip(drift.windows, points, strict=True)]
    columns = ["phase", "first request", "sent", "answered well", "mean score"]
    return Chart(
        id="drift", title="Drift experiment", x_unit="requests", y_unit="score", spans=_spans(drift), marks=_marks(drift),
        says=f"Mean score per window of the stream, and {fired} firing alert{'' if fired == 1 else 's'}; drifted stretches are shaded.",
        series=[Series(name="mean score", unit="score", points=points)],
        table=Table(id="scores", title="Drift experiment window by window", columns=columns, rows=rows),
    )  # fmt: skip


def _phase(window: DriftWindow) -> str:
    return f"{window.kind} drift" if window.phase == "drifted" else window.phase


def _signal(drift: DriftEvidence, kind: str) -> Chart | None:
    """The candidate's own gauge for the feature that this kind of drift is to blame for: one that moved, if any did."""
    feature, stretch = drift.features.get(kind, ""), stretch_of(drift, kind)
    names = sorted({name for w in drift.windows for name in w.gauges if f'"{feature}"' in name})
    if not names or stretch is None:
        return None
    name = next((n for n in moved_gauges(drift, stretch) if n in names), names[0])
    points = [Point(x=_end(w), y=w.gauges.get(name)) for w in drift.windows]
    marks = [m for m, a in zip(_marks(drift), drift.alerts, strict=True) if a.labels.get("feature") == feature]
    rows: list[Row] = [[p.x, p.y] for p in points]
    return Chart(
        id=f"signal-{kind}", title=f"The submission's own gauge for {feature}", x_unit="requests", y_unit="gauge",
        says=f"{name} while {kind} drift came and went; marks are its alerts for {feature}.",
        series=[Series(name=name, unit="gauge", points=points)], spans=_spans(drift), marks=marks,
        table=Table(id=f"signal-{kind}", title=f"{name} at the end of each window", columns=["requests", "gauge"], rows=rows),
    )  # fmt: skip
