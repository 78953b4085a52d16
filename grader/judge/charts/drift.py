"""Pictures of the drift experiment: the stream's scores, the submission's own gauges, and its alerts, over requests."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.analysis.blame import blamed, names, unrelated
from grader.checks.analysis.bounds import lower_bound
from grader.checks.analysis.drift import cried
from grader.checks.analysis.power import Curve, all_runs
from grader.checks.analysis.signals import LATEST, Alarms, listen
from grader.checks.analysis.stretches import end_of
from grader.schema.challenge import Challenge
from grader.schema.evidence import Alert, DriftEvidence, DriftWindow
from grader.schema.result import Chart, Dot, Mark, Point, Series, Span, Table, Tick
from grader.schema.spoken import several

Row = list[str | float | None]


def pictures(drift: DriftEvidence, challenge: Challenge) -> list[Chart]:
    """The power curve, the whole stream, then the gauge of each kind's feature at its strongest run."""
    if not drift.windows:
        return []
    heard = listen(drift, challenge)
    found = all_runs(drift, heard)
    drawn = [_power(found, challenge, heard.alarms), _scores(drift), *(_signal(drift, curve) for curve in found)]
    return [chart for chart in drawn if chart]


def _power(found: Sequence[Curve], challenge: Challenge, alarms: Alarms) -> Chart | None:
    """Severity against the delay until the alert that named the feature; a run that nobody named stands at the top."""
    if not found:
        return None
    dots, rows = [], []
    for curve in found:
        for signal in curve.signals:
            run, delay = signal.stretch.run, signal.delay
            seen = f"after {delay} requests" if delay is not None else "missed"
            dots.append(_dot(run.severity, delay, f"{signal.stretch.says}: {seen}"))
            must = "yes" if run.severity >= challenge.drift.must_detect.get(run.kind, 2.0) else "no"
            shift = next((shift for severity, shift in curve.shifts if severity == run.severity), None)
            rows.append([run.kind, run.feature or "none", run.severity, must, seen, shift])
    lines = [Series(name=c.name, unit="requests", points=_noticed(c)) for c in found if len(c.signals) > 1]
    ticks = [Tick(at=severity, label=f"{severity:g}") for severity in sorted({dot.x for dot in dots})]
    return Chart(
        id="drift-power", title="Drift power: how small a drift is noticed, and how soon", theme="drift", x_unit="severity", y_unit="requests",
        says=f"Requests from the onset of a drift to the alert that names its feature, by severity. {_counts(found, challenge)}; {cried(alarms)}.",
        series=lines, dots=dots, x_ticks=ticks, limit=LATEST, limit_label=f"nothing after {LATEST} requests counts",
        table=Table(
            id="drift-power", title="Every drift that was streamed", rows=rows,
            columns=["kind", "feature", "severity", "must be noticed", "first alert that names it", "its gauge moved by"],
        ),
    )  # fmt: skip


def _counts(found: Sequence[Curve], challenge: Challenge) -> str:
    """How many of the drifts that must be noticed were, and what that says of the rate: three of three is no proof of always."""
    must = [s for c in found for s in c.signals if s.stretch.run.severity >= challenge.drift.must_detect.get(c.kind, 2.0)]
    noticed = sum(bool(s.episodes) for s in must)
    if not must:
        return "None of them had to be noticed"
    return f"{noticed} of {len(must)} that must be noticed were (a true rate of at least {lower_bound(noticed, len(must)):.0%})"


def _dot(severity: float, delay: int | None, label: str) -> Dot:
    if delay is None:
        return Dot(x=severity, y=LATEST, kind="missed", label=label)
    return Dot(x=severity, y=delay, kind="noticed", label=label)


def _noticed(curve: Curve) -> list[Point]:
    return [Point(x=s.stretch.run.severity, y=s.delay) for s in curve.signals]


def _scores(drift: DriftEvidence) -> Chart:
    points = [Point(x=end_of(w), y=None if w.mean_score is None else round(w.mean_score, 5)) for w in drift.windows]
    fired = sum(a.status == "firing" for a in drift.alerts)
    rows: list[Row] = [[_phase(drift, w), w.first_request, w.sent, w.ok, p.y] for w, p in zip(drift.windows, points, strict=True)]
    columns = ["phase", "first request", "sent", "answered well", "mean score"]
    return Chart(
        id="drift", title="Drift experiment", theme="drift", x_unit="requests", y_unit="score", spans=_spans(drift), marks=_marks(drift),
        says=f"Mean score per window of the stream, and {several(fired, 'firing alert')}; drifted stretches are shaded.",
        series=[Series(name="mean score", unit="score", points=points)],
        table=Table(id="scores", title="Drift experiment window by window", columns=columns, rows=rows),
    )  # fmt: skip


def _phase(drift: DriftEvidence, window: DriftWindow) -> str:
    if window.phase != "drifted" or window.run is None:
        return window.phase
    run = drift.runs[window.run]
    twice = sum(other.kind == run.kind for other in drift.runs) > 1
    return f"{run.kind} {run.severity:g}" if twice else run.kind


def _spans(drift: DriftEvidence) -> list[Span]:
    """Contiguous stretches of one phase on the request axis."""
    spans: list[Span] = []
    for window in drift.windows:
        label, start, end = _phase(drift, window), window.first_request, end_of(window)
        if spans and spans[-1].label == label:
            spans[-1] = spans[-1].model_copy(update={"end": float(end)})
        else:
            spans.append(Span(start=start, end=end, label=label, kind=window.phase))
    return spans


def _marks(drift: DriftEvidence, feature: str | None = None) -> list[Mark]:
    """Alerts, or those that blame one feature."""
    wanted = [a for a in drift.alerts if feature is None or blamed(a, drift.fields) == feature]
    return [Mark(x=a.request, label=f"{a.name} {a.status}{_blame(a, drift)}", kind=a.status) for a in wanted]


def _blame(alert: Alert, drift: DriftEvidence) -> str:
    return f" ({feature})" if (feature := blamed(alert, drift.fields)) else ""


def _signal(drift: DriftEvidence, curve: Curve) -> Chart | None:
    """The candidate's own gauge for the feature that this kind of drift is to blame for: the one that moved most, if any did."""
    stretch = curve.signals[-1].stretch
    series = sorted({name for w in drift.windows for name in w.gauges}) if curve.feature else []
    name = curve.gauge or next((s for s in series if not unrelated(s) and names(s, curve.feature, drift.fields)), "")
    if not name:
        return None
    points = [Point(x=end_of(w), y=w.gauges.get(name)) for w in drift.windows]
    around = [w for w in drift.windows if stretch.onset <= end_of(w) <= stretch.over]
    rows: list[Row] = [[_phase(drift, w), end_of(w), w.gauges.get(name)] for w in around]
    columns = ["phase", "requests", "gauge"]
    return Chart(
        id=f"signal-{curve.kind}", title=f"The submission's own gauge for {curve.feature}", theme="drift", x_unit="requests", y_unit="gauge",
        says=f"{name} while {curve.kind} drift came and went; marks are its alerts for {curve.feature}.",
        series=[Series(name=name, unit="gauge", points=points)], spans=_spans(drift), marks=_marks(drift, curve.feature),
        table=Table(id=f"signal-{curve.kind}", title=f"{name} from the last window before the drift", columns=columns, rows=rows),
    )  # fmt: skip
