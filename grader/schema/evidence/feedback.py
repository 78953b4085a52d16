"""The experiment on late labels: what was streamed and labelled when, which model answered, and how good it was."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from grader.schema.base import Model
from grader.schema.evidence.drift import Alert

SegmentName = Literal["calm", "concept", "held_out", "inverted", "settling", "after"]


class ServedQuality(Model):
    """Quality of served scores. `excess` is the mean squared distance from the simulator's true probability.

    It is the expected Brier score above the best that any model could reach, without the luck of the labels: a few hundred rows tell a
    good model from a bad one, where Brier scores need thousands.
    """

    n: int
    brier: float
    brier_se: float = Field(description="standard error")
    base_brier: float = Field(description="that of always answering the rows' base rate")
    reference_brier: float = Field(description="that of the true probabilities")
    excess: float
    excess_se: float


class FeedbackSegment(Model):
    """One stretch of the stream. Versions are what valid answers named, in order of their first answer."""

    name: SegmentName
    first_request: int
    sent: int
    ok: int
    failed: int = Field(description="sent without a valid prediction as answer")
    start_s: float
    end_s: float
    latency_p99_ms: float | None
    versions: dict[str, int]
    labels_sent: int
    labels_taken: int = Field(description="answered with 2xx")
    label_statuses: dict[str, int] = Field(description="status, or `none` without an answer -> labels")
    quality: ServedQuality | None
    by_version: dict[str, ServedQuality]


class VersionSwitch(Model):
    """The first answer that names a version. `old_answers` were sent after it and yet answered by an older version."""

    before: str
    after: str
    at_s: float
    request: int = Field(description="requests sent by then")
    labels_taken: int = Field(description="labels taken by then")
    near: int = Field(description="requests sent within `near_s` of it")
    near_failed: int
    near_s: float
    old_answers: int
    old_answers_late: int = Field(description="of them, sent more than `near_s` after it")
    flips: int = Field(description="changes between old and new among the answers sent after it, until the next switch")


class VersionDocument(Model):
    """The version route at one moment, as parsed JSON, capped; and every version label that the metrics showed with a value other than 0."""

    moment: Literal["before", "retrained", "end"]
    at_s: float
    status: int | None
    document: dict[str, JsonValue] | None
    metric_versions: list[str]


class GaugeReading(Model):
    """The candidate's gauges by series name, while the stream ran."""

    at_s: float
    request: int
    gauges: dict[str, float]


class FeedbackEvidence(Model):
    """The whole experiment in order. Without segments: the mode leaves it out."""

    rate_rps: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    segments: list[FeedbackSegment] = Field(default_factory=list)
    switches: list[VersionSwitch] = Field(default_factory=list)
    documents: list[VersionDocument] = Field(default_factory=list)
    readings: list[GaugeReading] = Field(default_factory=list)
    alerts: list[Alert] = Field(default_factory=list)
    labels_refused: bool = Field(default=False, description="none of the first labels was taken, so the experiment ended")
    void: str | None = None

    def segment(self, name: SegmentName) -> FeedbackSegment | None:
        return next((s for s in self.segments if s.name == name), None)

    def document(self, moment: str) -> VersionDocument | None:
        return next((d for d in self.documents if d.moment == moment), None)
