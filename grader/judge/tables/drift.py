"""What the submission's monitor noticed, a row per drift."""

from __future__ import annotations

from grader.checks.analysis.drift import cried
from grader.checks.analysis.signals import Signal, listen
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence
from grader.schema.result import Table

Row = list[str | float | None]


def noticed(drift: DriftEvidence | None, challenge: Challenge) -> Table | None:
    if drift is None:
        return None
    heard = listen(drift, challenge)
    if not heard.signals:
        return None
    columns = ["kind", "feature", "severity", "drifted requests", "first alert after requests", "blamed", "by", "resolved", "gauge that moved"]
    return Table(
        id="drift", title="What the submission's monitor noticed", theme="drift", leading=True, columns=columns,
        rows=[_row(signal) for signal in heard.signals],
        says=f"{cried(heard.alarms)}. A gauge moved when it left its own control range and came back.",
    )  # fmt: skip


def _row(signal: Signal) -> Row:
    stretch = signal.stretch
    resolved = ("yes" if signal.resolved else "no") if signal.episodes else None
    by = ", ".join(sorted({episode.source for episode in signal.episodes})) or None
    delay = "none" if signal.delay is None else signal.delay
    return [
        stretch.kind, stretch.feature or None, stretch.run.severity, sum(w.sent for w in stretch.windows), delay,
        ", ".join(sorted(signal.blamed)) or None, by, resolved, ", ".join(signal.gauges[:2]) or "none",
    ]  # fmt: skip
