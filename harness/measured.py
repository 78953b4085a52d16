"""How many seconds of a stage were measured windows: the rest is what a run costs beyond them."""

from __future__ import annotations

from grader.schema.evidence import DriftEvidence, FaultsEvidence, FeedbackEvidence, LoadEvidence, StressEvidence


def load(evidence: LoadEvidence) -> float:
    return sum(window.seconds for window in (*evidence.windows, *evidence.voided))


def stress(evidence: StressEvidence) -> float:
    found = (evidence.overload, evidence.relief, evidence.soak, *evidence.voided)
    return (evidence.capacity.seconds if evidence.capacity else 0.0) + sum(window.seconds for window in found if window)


def drift(evidence: DriftEvidence) -> float:
    return evidence.windows[-1].end_s - evidence.windows[0].start_s if evidence.windows else 0.0


def feedback(evidence: FeedbackEvidence) -> float:
    return sum(segment.end_s - segment.start_s for segment in evidence.segments)


def faults(evidence: FaultsEvidence) -> float:
    return sum(record.end_s or 0.0 for record in evidence.faults)
