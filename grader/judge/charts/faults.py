"""All fault experiments of a run end to end on one axis: what callers got, how long they waited, and when each fault was active."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grader.checks.analysis.recovery import before, between, during, recovery_s, typical_p95
from grader.judge.say import percent, readable
from grader.judge.strips import grouped
from grader.schema.evidence import FaultRecord, FaultsEvidence, TimeBin
from grader.schema.result import Chart, Point, Series, Span, Table

Row = list[str | float | None]

ROW = 8
"""Most faults of one picture: more labels than that cannot be read."""

BETWEEN_S = 1.0
SLICES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
POINTS = 220
"""Most slices of one curve. A picture of eight usual experiments has half-second slices."""

LEAST_S = 0.4
"""A fault that is over at once (a kill) is shaded for so long, or it could not be seen."""

X_UNIT = "seconds of the experiments, end to end"


@dataclass(frozen=True)
class Placed:
    """An experiment and where it starts on the axis."""

    start: float
    record: FaultRecord

    @property
    def seconds(self) -> float:
        return self.record.bins[-1].t_s + self.record.bin_s


def over_time(faults: FaultsEvidence | None) -> list[Chart]:
    """A picture per row of at most ROW faults that were shown to be active. The first also names those that were not."""
    active = [r for r in faults.faults if r.injected and r.bins] if faults else []
    lines = [_line(part) for part in _parts(active)]
    return [_picture(line, i, len(lines), _left_out(faults) if faults and not i else "") for i, line in enumerate(lines)]


def _parts(records: Sequence[FaultRecord]) -> list[Sequence[FaultRecord]]:
    """As few rows as possible, as even as possible."""
    rows = -(-len(records) // ROW)
    edges = [round(i * len(records) / rows) for i in range(rows + 1)] if rows else []
    return [records[start:end] for start, end in pairwise(edges)]


def _line(records: Sequence[FaultRecord]) -> list[Placed]:
    placed: list[Placed] = []
    for record in records:
        placed.append(Placed(placed[-1].start + placed[-1].seconds + BETWEEN_S if placed else 0.0, record))
    return placed


def _picture(line: Sequence[Placed], index: int, count: int, left_out: str) -> Chart:
    total = sum(p.seconds for p in line)
    width = next((w for w in SLICES_S if total / w <= POINTS), SLICES_S[-1])
    number = f" ({index + 1} of {count})" if count > 1 else ""
    spans, id = [_span(p) for p in line], f"faults-{index + 1}"
    waits = Chart(
        id=f"{id}-p95", title=f"p95 and requests sent while faults came and went{number}", says="", x_unit=X_UNIT, theme="faults",
        spans=[span.model_copy(update={"label": ""}) for span in spans], y_unit="ms; requests/s", y_scale="log",
        series=[Series(name="largest p95 (ms)", unit="ms", points=_curve(line, width, _p95)),
                Series(name="sent (requests/s)", unit="requests/s", points=_curve(line, width, _rate))],
    )  # fmt: skip
    return Chart(
        id=id, title=f"Faults over time{number}", x_unit=X_UNIT, y_unit="% of the requests", theme="faults", spans=spans, below=waits,
        says=f"Each {width:g} s of the experiments; shaded from injection to undo, labelled with number and name. {_worst(line)}{left_out}",
        series=_shares(line, width), table=_numbers(line),
    )  # fmt: skip


def _shares(line: Sequence[Placed], width: float) -> list[Series]:
    """What failed is always drawn, down to the axis; the others only where there is something to show: three lines on the axis are none."""
    curves = {name: _curve(line, width, read) for name, read in SHARES.items()}
    return [
        Series(name=name, unit="%", points=points if name == "failed" else _risen(points))
        for name, points in curves.items()
        if name == "failed" or any(p.y for p in points)
    ]


def _risen(points: Sequence[Point]) -> list[Point]:
    """The curve without its stretches on the axis."""
    near = [any(p.y for p in points[max(0, i - 1) : i + 2]) for i in range(len(points))]
    return [point if keep else Point(x=point.x, y=None) for point, keep in zip(points, near, strict=True)]


def _share(count: Callable[[TimeBin], int]) -> Callable[[Sequence[TimeBin], float], float | None]:
    def share(bins: Sequence[TimeBin], _: float) -> float | None:
        sent = sum(b.sent for b in bins)
        return round(100 * sum(count(b) for b in bins) / sent, 1) if sent else None

    return share


SHARES = {"failed": _share(lambda b: b.failed), "degraded": _share(lambda b: b.degraded), "shed": _share(lambda b: b.shed)}


def _p95(bins: Sequence[TimeBin], _: float) -> float | None:
    return max((round(b.p95_ms, 1) for b in bins if b.p95_ms is not None), default=None)


def _rate(bins: Sequence[TimeBin], bin_s: float) -> float | None:
    return round(sum(b.sent for b in bins) / (len(bins) * bin_s), 1) or None


def _curve(line: Sequence[Placed], width_s: float, value: Callable[[Sequence[TimeBin], float], float | None]) -> list[Point]:
    """`value` of every slice's bins, in the slice's middle; a gap between two experiments."""
    points: list[Point] = []
    for p in line:
        for i, bins in sorted(grouped(p.record.bins, width_s).items()):
            points.append(Point(x=round(p.start + min((i + 0.5) * width_s, p.seconds), 2), y=value(bins, p.record.bin_s)))
        points.append(Point(x=round(p.start + p.seconds, 2), y=None))
    return points


def _span(p: Placed) -> Span:
    inject = p.record.inject_s or 0.0
    undo = p.seconds if p.record.undo_s is None else max(p.record.undo_s, inject + LEAST_S)
    return Span(start=round(p.start + inject, 2), end=round(p.start + undo, 2), label=f"{p.record.number} {readable(p.record.id)}", kind="fault")


def _worst(line: Sequence[Placed]) -> str:
    """Where the largest share of requests failed while the fault was active."""
    failed = [(share, p.record) for p in line if (share := SHARES["failed"](_under(p.record), 0.0)) is not None]
    share, record = max(failed, key=lambda item: item[0], default=(0.0, line[0].record))
    if not share:
        return "Under none of them a request failed."
    return f"The largest share of requests failed under {readable(record.id)}: {percent(share / 100)}."


def _left_out(faults: FaultsEvidence) -> str:
    """A fault that was not shown to be active is no fault that was borne."""
    told = [f"{r.number} {readable(r.id)} ({r.failure.cause.replace('_', ' ') if r.failure else r.proof})" for r in faults.faults if not r.injected]
    return f" Not exercised: {', '.join(told)}." if told else ""


def _under(record: FaultRecord) -> list[TimeBin]:
    """While the fault was active; of one that is over at once, the second after it."""
    start = record.inject_s or 0.0
    return during(record) or between(record.bins, start, start + 1.0)


COLUMNS = [
    "no.", "fault", "sent", "failed under it %", "degraded under it %", "shed under it %", "p95 before ms", "p95 under it ms", "recovered in s",
]  # fmt: skip


def _numbers(line: Sequence[Placed]) -> Table:
    rows = [_row(p.record) for p in line]
    return Table(id=f"faults-{line[0].record.number}", title="The faults in numbers", theme="faults", columns=COLUMNS, rows=rows)


def _row(record: FaultRecord) -> Row:
    under, found = _under(record), recovery_s(record)
    shares: Row = [read(under, 0.0) for read in SHARES.values()]
    waits: Row = [typical_p95(before(record)), typical_p95(under), None if found is None else round(found, 1)]
    return [str(record.number), readable(record.id), float(sum(b.sent for b in record.bins)), *shares, *waits]
