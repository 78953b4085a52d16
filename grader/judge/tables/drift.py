"""What the submission's monitor noticed, a row per kind of drift."""

from __future__ import annotations

from grader.checks.analysis.signals import end_of, false_alarms, signal_of, stretches
from grader.schema.evidence import DriftEvidence
from grader.schema.result import Table

Row = list[str | float | None]


def noticed(drift: DriftEvidence | None) -> Table | None:
    if drift is None or not stretches(drift):
        return None
    alarms, controls = false_alarms(drift)
    columns = ["kind", "feature", "severity", "drifted requests", "first alert after requests", "blamed", "resolved", "gauge that moved"]
    return Table(
        id="drift", title="What the submission's monitor noticed", theme="drift", leading=True, columns=columns, rows=_kinds(drift),
        says=f"{alarms} of {controls} clean windows had an alert. A gauge moved when it left its own control range and came back.",
    )  # fmt: skip


def _kinds(drift: DriftEvidence) -> list[Row]:
    rows: list[Row] = []
    for stretch in stretches(drift):
        signal = signal_of(drift, stretch)
        resolved = ("yes" if signal.resolved else "no") if signal.episodes else None
        sent = sum(end_of(w) - w.first_request for w in stretch.windows)
        rows.append(
            [
                stretch.kind, stretch.feature, drift.severities.get(stretch.kind), sent, "none" if signal.delay is None else signal.delay,
                ", ".join(sorted(signal.blamed)) or None, resolved, ", ".join(signal.gauges[:2]) or "none",
            ]
        )  # fmt: skip
    return rows
