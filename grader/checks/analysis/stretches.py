"""Where each drift was streamed: the ground truth that alerts and gauges are held against."""

from __future__ import annotations

from dataclasses import dataclass

from grader.schema.evidence import DriftEvidence, DriftRun, DriftWindow


@dataclass(frozen=True)
class Stretch:
    """Where one run was streamed, in requests: drifted in [onset, last), clean again in [last, over)."""

    run: DriftRun
    onset: int
    last: int
    over: int
    windows: tuple[DriftWindow, ...]
    recovery: tuple[DriftWindow, ...]

    @property
    def kind(self) -> str:
        return self.run.kind

    @property
    def feature(self) -> str:
        return self.run.feature

    @property
    def says(self) -> str:
        """For people: `covariate drift of amount (severity 0.5)`."""
        return f"{self.kind} drift{f' of {self.feature}' if self.feature else ''} (severity {self.run.severity:g})"


def end_of(window: DriftWindow) -> int:
    return window.first_request + window.sent


def stretches(drift: DriftEvidence) -> list[Stretch]:
    """One per run that was really streamed, in order."""
    return [stretch for run in range(len(drift.runs)) if (stretch := _stretch(drift, run))]


def _stretch(drift: DriftEvidence, run: int) -> Stretch | None:
    """Where a run was streamed; None if no drifted request of it was sent."""
    drifted = [w for w in drift.windows if w.run == run and w.phase == "drifted" and w.sent]
    if not drifted:
        return None
    onset, last = min(w.first_request for w in drifted), max(end_of(w) for w in drifted)
    recovery = [w for w in drift.windows if w.run == run and w.phase == "recovery" and w.sent and w.first_request >= last]
    over = max((end_of(w) for w in recovery), default=last)
    return Stretch(drift.runs[run], onset, last, over, tuple(drifted), tuple(recovery))
