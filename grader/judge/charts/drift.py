"""Pictures of the drift experiment: the stream's scores, the submission's own gauges, and its alerts, over requests."""

from __future__ import annotations

from grader.checks.analysis.signals import end_of, moved_gauges, stretch_of
from grader.judge.say import count
from grader.schema.evidence import DriftEvidence, DriftWindow
from grader.schema.result import Chart, Mark, Point, Series, Span, Table

Row = list[str | float | None]


def pictures(drift: DriftEvidence) -> list[Chart]:
    """The whole stream, then the gauge of each kind's feature."""
    if not drift.windows:
        return []
    return [_scores(drift), *(chart for kind in drift.order if (chart := _signal(drift, kind)))]


def _scores(drift: DriftEvidence) -> Chart:
    points = [Point(x=end_of(w), y=None if w.mean_score is None else round(w.mean_score, 5)) for w in drift.windows]
    fired = sum(a.status == "firing" for a in drift.alerts)
    rows: list[Row] = [[_phase(w), w.first_request, w.sent, w.ok, p.y] for w, p in zip(drift.windows, points, strict=True)]
    columns = ["phase", "first request", "sent", "answered well", "mean score"]
    return Chart(
        id="drift", title="Drift experiment", theme="drift", x_unit="requests", y_unit="score", spans=_spans(drift), marks=_marks(drift),
        says=f"Mean score per window of the stream, and {count(fired, 'firing alert')}; drifted stretches are shaded.",
        series=[Series(name="mean score", unit="score", points=points)],
        table=Table(id="scores", title="Drift experiment window by window", columns=columns, rows=rows),
    )  # fmt: skip


def _phase(window: DriftWindow) -> str:
    return f"{window.kind} drift" if window.phase == "drifted" else window.phase


def _spans(drift: DriftEvidence) -> list[Span]:
    """Contiguous stretches of one phase on the request axis."""
    spans: list[Span] = []
    for window in drift.windows:
        label, start, end = _phase(window), window.first_request, end_of(window)
        if spans and spans[-1].label == label:
            spans[-1] = spans[-1].model_copy(update={"end": float(end)})
        else:
            spans.append(Span(start=start, end=end, label=label, kind=window.phase))
    return spans


def _marks(drift: DriftEvidence) -> list[Mark]:
    return [Mark(x=a.request, label=f"{a.name} {a.status}{_blame(a.labels)}", kind=a.status) for a in drift.alerts]


def _blame(labels: dict[str, str]) -> str:
    return f" ({labels['feature']})" if labels.get("feature") else ""


def _signal(drift: DriftEvidence, kind: str) -> Chart | None:
    """The candidate's own gauge for the feature that this kind of drift is to blame for: one that moved, if any did."""
    feature, stretch = drift.features.get(kind, ""), stretch_of(drift, kind)
    names = sorted({name for w in drift.windows for name in w.gauges if f'"{feature}"' in name})
    if not names or stretch is None:
        return None
    name = next((n for n in moved_gauges(drift, stretch) if n in names), names[0])
    points = [Point(x=end_of(w), y=w.gauges.get(name)) for w in drift.windows]
    marks = [m for m, a in zip(_marks(drift), drift.alerts, strict=True) if a.labels.get("feature") == feature]
    around = [w for w in drift.windows if stretch.onset <= end_of(w) <= stretch.over]
    rows: list[Row] = [[_phase(w), end_of(w), w.gauges.get(name)] for w in around]
    return Chart(
        id=f"signal-{kind}", title=f"The submission's own gauge for {feature}", theme="drift", x_unit="requests", y_unit="gauge",
        says=f"{name} while {kind} drift came and went; marks are its alerts for {feature}.",
        series=[Series(name=name, unit="gauge", points=points)], spans=_spans(drift), marks=marks,
        table=Table(id=f"signal-{kind}", title=f"{name} from the last window before the drift", columns=["phase", "requests", "gauge"], rows=rows),
    )  # fmt: skip
