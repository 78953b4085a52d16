"""Metrics of the whole service: counters and histograms in prometheus_client's multiprocess mode, state from the shared database.

Each worker counts in memory-mapped files of its own; a scrape, whichever worker gets it, sums the files of all of them. The files of a
killed worker stay, so counters never fall. Gauges describe the service and not a worker: they are read from the database that the leader
writes, and from the model that serves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric

from scoring.model import Serving
from scoring.state import State

disable_created_metrics()
SCORE_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)

REQUESTS = Counter("fraud_requests", "POST /predict by status of the answer", ["status"])
LATENCY = Histogram("fraud_request_latency_seconds", "POST /predict from the first byte to the answer, any status", buckets=LATENCY_BUCKETS)
SCORES = Histogram("fraud_score", "Scores answered", buckets=SCORE_BUCKETS)
FALLBACKS = Counter("fraud_fallbacks", "Answers by the fallback model", ["reason"])
SHED = Counter("fraud_shed", "Requests refused because too many were in flight")
IN_FLIGHT = Gauge("fraud_in_flight", "Predictions being worked on", multiprocess_mode="livesum")
BREAKERS_OPEN = Gauge("fraud_breakers_open", "Workers whose feature store breaker is open", multiprocess_mode="livesum")
WORKERS = Gauge("fraud_workers", "Workers that serve", multiprocess_mode="livesum")
FEEDBACK = Counter("fraud_feedback", "Labels taken, and what became of them; doubted ones train nothing", ["outcome"])
RETRAININGS = Counter("fraud_retrainings", "Challengers trained on feedback", ["outcome"])
EVALUATIONS = Counter("fraud_drift_evaluations", "Evaluations of the drift window")
ALERTS = Counter("fraud_alerts", "Posts to the alert webhook", ["outcome"])
LOST = Counter("fraud_records_lost", "Records that could not be written", ["store"])

GAUGES = {
    "fraud_live_brier": "Brier score over the last labels",
    "fraud_quality_z": "Misfit of live labels (score test): above 4.8 the model no longer fits",
    "fraud_label_rate": "Share of the last batch of labels that says fraud",
}


def prepare() -> None:
    """Make the label values known, so that a rate over them starts at 0 instead of at nothing."""
    for reason in ("timeout", "unreachable", "bad_answer", "breaker_open", "unknown_customer"):
        FALLBACKS.labels(reason)
    for outcome in ("taken", "joined", "unknown", "doubted"):
        FEEDBACK.labels(outcome)
    for outcome in ("sent", "failed"):
        ALERTS.labels(outcome)
    for store in ("audit", "state"):
        LOST.labels(store)


class SharedState:
    """Collector of what the service knows as a whole."""

    def __init__(self, state: State, serving: Serving) -> None:
        self.state, self.serving = state, serving

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("fraud_model_info", "1 for the model that serves", labels=["version"])
        drift = GaugeMetricFamily("fraud_drift_score", "Worst drift test: statistic / critical value, above 1 = drift", labels=["feature"])
        if model := self.serving.current():
            info.add_metric([model.version], 1)
            for feature in (*model.document["reference"]["numeric"], *model.document["reference"]["categories"]):
                drift.add_metric([feature], self.state.read("drift").get("ratios", {}).get(feature, 0.0))
        yield info
        yield drift
        quality = self.state.read("quality")
        for name, text in GAUGES.items():
            yield GaugeMetricFamily(name, text, value=quality.get(name, float("nan")))  # 0 would be a perfect model


def exposition(shared: SharedState) -> bytes:
    """The text of a scrape."""
    counters = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counters = CollectorRegistry()
        multiprocess.MultiProcessCollector(counters)
    gauges = CollectorRegistry()
    gauges.register(shared)
    return generate_latest(counters) + generate_latest(gauges)
