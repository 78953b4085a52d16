"""The drift experiment: what was streamed when, and every signal that the candidate's monitor gave."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.schema.base import Model


class Alert(Model):
    """One alert as received. `request` is how many requests of the experiment had been sent by then."""

    name: str
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    text: str = Field(default="", description="its annotations, capped")
    source: Literal["webhook", "alertmanager"] = Field(
        default="webhook", description="posted by the candidate, or by our Alertmanager for the candidate's own rules"
    )
    at_s: float
    request: int


class DriftRun(Model):
    """One drift that was streamed: its kind, how strong, and the field that an alert should blame (empty: no single one)."""

    kind: str
    severity: float
    feature: str


class DriftWindow(Model):
    """One window of the stream. `gauges` are the candidate's gauge-like series scraped at the window's end, by series name."""

    index: int
    phase: Literal["warmup", "control", "drifted", "recovery"]
    run: int | None = Field(description="place in `runs` of the drift in drifted windows, and in the recovery windows that follow it")
    first_request: int
    sent: int
    ok: int
    start_s: float
    end_s: float
    mean_score: float | None
    gauges: dict[str, float]


class ModelQuality(Model):
    """Quality of the served scores on labelled control rows. `base_brier` is that of always answering the base rate."""

    n: int
    positives: int
    auc: float
    brier: float
    base_brier: float
    reference_auc: float = Field(description="AUC of the simulator's true probabilities on the same rows: the ceiling")


class DriftEvidence(Model):
    """The whole experiment in order."""

    rate_rps: float
    window: int
    runs: list[DriftRun] = Field(description="in the drawn order")
    fields: list[str] = Field(description="names of all model inputs: the request's and the feature store's")
    windows: list[DriftWindow]
    alerts: list[Alert]
    webhook_rejected: int = Field(description="posts to the webhook that were no Alertmanager payload")
    quality: ModelQuality | None
    rules_unheard: str | None = Field(default=None, description="why the candidate's alert rules were not evaluated, where it has some")
    void: str | None = None
