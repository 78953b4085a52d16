"""The experiment on late labels, a row per stretch of its stream."""

from __future__ import annotations

from grader.schema.evidence import FeedbackEvidence, FeedbackSegment
from grader.schema.result import Table

Row = list[str | float | None]

SAYS = {
    "calm": "calm, labels late", "concept": "relation turned, labels late", "held_out": "turned, never labelled",
    "inverted": "turned, labels inverted", "settling": "last inverted labels arrive", "after": "turned, never labelled",
}  # fmt: skip


def learned(feedback: FeedbackEvidence | None) -> Table | None:
    if feedback is None or not feedback.segments:
        return None
    columns = ["stretch", "requests", "failed", "p99 ms", "versions that answered", "labels taken", "Brier", "best reachable Brier", "avoidable loss"]
    return Table(
        id="feedback", title="Late labels and retraining", theme="drift", columns=columns, rows=[_row(segment) for segment in feedback.segments],
        says="Avoidable loss is the mean squared distance of the score from the true probability: the Brier score without the luck of the labels.",
    )  # fmt: skip


def _row(segment: FeedbackSegment) -> Row:
    quality = segment.quality
    measured: Row = [round(value, 4) for value in (quality.brier, quality.reference_brier, quality.excess)] if quality else [None] * 3
    taken = f"{segment.labels_taken} of {segment.labels_sent}" if segment.labels_sent else "none sent"
    return [
        SAYS[segment.name], segment.sent, segment.failed, segment.latency_p99_ms,
        ", ".join(f"{version} ({n})" for version, n in segment.versions.items()) or None, taken, *measured,
    ]  # fmt: skip
