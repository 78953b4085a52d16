"""Pictures as data. Renderers draw these; nothing is computed after this point."""

from __future__ import annotations

from collections.abc import Mapping

from grader.judge.evaluate import Evaluated
from grader.schema.bundle import Bundle
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, DriftWindow, FaultRecord, FaultsEvidence, LoadEvidence, TimeBin
from grader.schema.result import Chart, FaultStrip, Outcome, Point, Series, Span

STRIP_BIN_S = 0.5
"""Cells of the fault strip: wide enough to see, narrow enough that a one-second outage shows."""


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


def _latency(load: LoadEvidence, challenge: Challenge) -> Chart:
    origin = load.windows[0].start_s
    points = [Point(x=round(w.start_s - origin + b.t_s, 3), y=b.p95_ms) for w in load.windows for b in w.bins]
    spans = [
        Span(start=round(w.start_s - origin, 3), end=round(w.start_s - origin + w.seconds, 3), label=f"{w.name} {w.rate_rps:g}/s", kind=w.name)
        for w in load.windows
    ]
    worst = max((w for w in load.windows if w.latency), key=lambda w: w.latency.p99_ms if w.latency else 0, default=None)
    says = f"Slowest window: {worst.name} at {worst.rate_rps:g} requests/s, p99 {worst.latency.p99_ms:.0f} ms" if worst and worst.latency else ""
    return Chart(
        id="latency", title="Latency under open-loop load (p95 per bin, from intended arrival)", says=says, x_unit="s", y_unit="ms",
        series=[Series(name="p95", unit="ms", points=points)], spans=spans, limit=challenge.reality.slo_p99_ms,
        limit_label=f"SLO {challenge.reality.slo_p99_ms:g} ms",
    )  # fmt: skip


def _throughput(load: LoadEvidence) -> Chart:
    origin = load.windows[0].start_s
    series: list[Series] = []
    for name, read in (("sent", lambda b: b.sent), ("good", lambda b: b.ok + b.degraded), ("shed", lambda b: b.shed), ("failed", lambda b: b.failed)):
        points = [Point(x=round(w.start_s - origin + b.t_s, 3), y=round(read(b) / load.bin_s, 1)) for w in load.windows for b in w.bins]
        series.append(Series(name=name, unit="requests/s", points=points))
    sent, good = sum(w.sent for w in load.windows), sum(w.ok + w.degraded for w in load.windows)
    return Chart(
        id="throughput", title="Requests sent, answered well, shed and failed", says=f"{good} of {sent} requests answered well",
        x_unit="s", y_unit="requests/s", series=series,
    )  # fmt: skip


def _spans(drift: DriftEvidence) -> list[Span]:
    """Contiguous stretches of one phase on the request axis."""
    spans: list[Span] = []
    for window in drift.windows:
        label = f"{window.kind} drift" if window.phase == "drifted" else window.phase
        start, end = float(window.first_request), float(window.first_request + window.sent)
        if spans and spans[-1].label == label:
            spans[-1] = spans[-1].model_copy(update={"end": end})
        else:
            spans.append(Span(start=start, end=end, label=label, kind=window.phase))
    return spans


def _end(window: DriftWindow) -> float:
    return float(window.first_request + window.sent)


def _scores(drift: DriftEvidence) -> Chart:
    points = [Point(x=_end(w), y=w.mean_score) for w in drift.windows]
    fired = [a for a in drift.alerts if a.status == "firing"]
    alerts = Series(name="alerts firing", unit="score", points=[Point(x=float(a.request), y=0.0) for a in fired])
    return Chart(
        id="drift", title="Drift experiment: mean score per window and alerts", says=f"{len(fired)} alerts fired; drifted stretches are shaded",
        x_unit="requests", y_unit="score", series=[Series(name="mean score", unit="score", points=points), alerts], spans=_spans(drift),
    )  # fmt: skip


def _signal(drift: DriftEvidence, kind: str) -> Chart | None:
    """The candidate's own gauge for the feature that this kind of drift is to blame for, if one names it."""
    feature = drift.features[kind]
    names = sorted({name for w in drift.windows for name in w.gauges if f'"{feature}"' in name})
    if not names:
        return None
    points = [Point(x=_end(w), y=w.gauges.get(names[0])) for w in drift.windows]
    return Chart(
        id=f"signal-{kind}", title=f"The submission's own drift gauge for {feature}", says=f"{names[0]} while {kind} drift came and went",
        x_unit="requests", y_unit="gauge", series=[Series(name=names[0], unit="gauge", points=points)], spans=_spans(drift),
    )  # fmt: skip


def fault_strips(bundle: Bundle, checks: Mapping[str, Evaluated], by_fault: Mapping[str, str]) -> list[FaultStrip]:
    """One strip per fault. `by_fault` names the check that judges it."""
    faults = bundle.evidence.get("faults")
    if not isinstance(faults, FaultsEvidence):
        return []
    return [_strip(record, checks.get(by_fault.get(record.id, ""))) for record in faults.faults]


def _strip(record: FaultRecord, check: Evaluated | None) -> FaultStrip:
    recovery = next((m.value for m in check.finding.measures if m.name.startswith("recover")), None) if check else None
    return FaultStrip(
        id=record.id, check=check.id if check else "", title=check.rule.title if check else record.id, injected=record.injected, outcome=check.outcome if check else Outcome.UNKNOWN,
        says=check.finding.observed if check else record.proof, recovery_s=recovery, bin_s=STRIP_BIN_S, inject_s=record.inject_s,
        undo_s=record.undo_s, cells=_cells(record),
    )  # fmt: skip


def _cells(record: FaultRecord) -> list[float | None]:
    cells: dict[int, list[TimeBin]] = {}
    for b in record.bins:
        cells.setdefault(int(b.t_s / STRIP_BIN_S + 1e-9), []).append(b)
    return [_share_good(cells.get(i, [])) for i in range(max(cells, default=-1) + 1)]


def _share_good(bins: list[TimeBin]) -> float | None:
    sent = sum(b.sent for b in bins)
    return round(sum(b.ok + b.degraded for b in bins) / sent, 3) if sent else None
