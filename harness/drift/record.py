"""Turns what happened in a drift experiment into evidence: pure arithmetic on the trace, the gauges and the received alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from challenges.simulator import Row
from grader.schema.evidence import Alert, DriftRun, DriftWindow, ModelQuality
from harness.drift import quality
from harness.drift.plan import PlannedWindow, Schedule
from harness.load.trace import Trace
from harness.text import one_line

MAX_ALERTS = 4_000
MAX_LABELS = 16
MAX_TEXT = 120
MAX_ANNOTATION = 300
MOST_DROPPED = 0.01


class Received(Protocol):
    """An alert as the receiver hands it out."""

    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def at_monotonic(self) -> float: ...
    @property
    def source(self) -> str: ...
    @property
    def text(self) -> str: ...


def runs(schedule: Schedule) -> list[DriftRun]:
    return [DriftRun(kind=drift.kind, severity=drift.severity, feature=drift.feature) for drift in schedule.runs]


def fields(rows: Sequence[Row]) -> list[str]:
    """Names of all inputs that a model can have: the request's fields and the feature store's."""
    return sorted({*rows[0].request, *rows[0].features}) if rows else []


def windows(schedule: Schedule, trace: Trace, gauges: Mapping[int, dict[str, float]], since: float) -> list[DriftWindow]:
    """One record per planned window; `gauges` by window index, `since` the CLOCK_MONOTONIC moment that times count from."""
    return [_window(i, planned, _rows_of(trace, planned), gauges.get(i, {}), since) for i, planned in enumerate(schedule.windows)]


def _rows_of(trace: Trace, planned: PlannedWindow) -> Trace:
    return trace.where((trace.index >= planned.first) & (trace.index < planned.first + planned.size))


def _window(index: int, planned: PlannedWindow, trace: Trace, gauges: dict[str, float], since: float) -> DriftWindow:
    scores = trace.score[trace.valid]
    moments = trace.sent[trace.was_sent] if trace.was_sent.any() else trace.intended
    return DriftWindow(
        index=index, phase=planned.phase, run=planned.run, first_request=planned.first, sent=int(np.count_nonzero(trace.was_sent)), ok=len(scores),
        start_s=_seconds(moments.min(initial=np.inf), since), end_s=_seconds(moments.max(initial=-np.inf), since),
        mean_score=float(scores.mean()) if len(scores) else None, gauges=gauges,
    )  # fmt: skip


def _seconds(moment: float, since: float) -> float:
    """Seconds since the run's start; 0 for a window that was never reached."""
    return round(float(moment) - since, 6) if np.isfinite(moment) else 0.0


def alerts(received: Sequence[Received], schedule: Schedule, trace: Trace, since: float) -> list[Alert]:
    """Alerts in order of arrival. What only repeats an alert's last status within a window is dropped: senders resend every second."""
    sent = np.sort(trace.sent[trace.was_sent])
    ends = np.asarray(schedule.ends)
    last: dict[tuple[object, ...], tuple[str, int]] = {}
    kept: list[Alert] = []
    for alert in sorted(received, key=lambda alert: alert.at_monotonic):
        request = int(np.searchsorted(sent, alert.at_monotonic, side="right"))
        key, said = _identity(alert), (alert.status, int(np.searchsorted(ends, request)))
        if last.get(key) != said and len(kept) < MAX_ALERTS:
            last[key] = said
            kept.append(_alert(alert, request, since))
    return kept


def _alert(alert: Received, request: int, since: float) -> Alert:
    return Alert(
        name=one_line(alert.name, MAX_TEXT), status="firing" if alert.status == "firing" else "resolved",
        labels={one_line(k, MAX_TEXT): one_line(v, MAX_TEXT) for k, v in list(alert.labels.items())[:MAX_LABELS]},
        text=one_line(alert.text, MAX_ANNOTATION), source="alertmanager" if alert.source == "alertmanager" else "webhook",
        at_s=round(alert.at_monotonic - since, 6), request=request,
    )  # fmt: skip


def _identity(alert: Received) -> tuple[object, ...]:
    return (alert.source, alert.name, *sorted(alert.labels.items()))


def unresolved(received: Sequence[Received]) -> list[Received]:
    """The last word on every alert that is still firing, by name and labels."""
    last: dict[tuple[object, ...], Received] = {}
    for alert in sorted(received, key=lambda alert: alert.at_monotonic):
        last[_identity(alert)] = alert
    return [alert for alert in last.values() if alert.status == "firing"]


def control_quality(schedule: Schedule, rows: Sequence[Row], trace: Trace) -> ModelQuality | None:
    """Quality of the served scores over the control windows' valid answers."""
    control: NDArray[np.bool_] = np.zeros(len(rows), dtype=bool)
    for planned in schedule.windows:
        if planned.phase == "control":
            control[planned.first : planned.first + planned.size] = True
    answered = trace.where(trace.valid & control[trace.index])
    asked = [rows[i] for i in answered.index.tolist()]
    return quality.measure([row.label for row in asked], answered.score, [row.probability for row in asked])


def void(schedule: Schedule, trace: Trace) -> str | None:
    """Why the experiment must not be judged: our generator did not send what was planned."""
    unsent = schedule.requests - int(np.count_nonzero(trace.was_sent))
    if unsent <= MOST_DROPPED * schedule.requests:
        return None
    return f"generator_limited: {unsent} of {schedule.requests} requests were never sent"
