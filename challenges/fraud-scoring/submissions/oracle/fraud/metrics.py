"""What the service says about itself, in Prometheus terms. All series belong to one registry of one process."""

from __future__ import annotations

from math import nan

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

disable_created_metrics()  # a second series per counter that nobody reads
SCORE_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Every metric of the service; one instance per application, so that tests do not share state."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        ProcessCollector(registry=r)
        GCCollector(registry=r)
        self.requests = Counter("fraud_requests", "POST /predict by status of the answer", ["status"], registry=r)
        self.latency = Histogram(
            "fraud_request_latency_seconds", "POST /predict from first byte read to answer, any status", buckets=LATENCY_BUCKETS, registry=r
        )
        self.scores = Histogram("fraud_score", "Scores answered", buckets=SCORE_BUCKETS, registry=r)
        self.fallbacks = Counter("fraud_fallbacks", "Answers by the fallback model", ["reason"], registry=r)
        self.shed = Counter("fraud_shed", "Requests refused because too many were in flight", registry=r)
        self.in_flight = Gauge("fraud_in_flight", "Predictions being worked on", registry=r)
        self.breaker_open = Gauge("fraud_breaker_open", "1 while the feature store's circuit breaker is open", registry=r)
        self.drift = Gauge("fraud_drift_score", "Worst drift test: statistic / critical value, above 1 = drift", ["feature"], registry=r)
        self.drift_evaluations = Counter("fraud_drift_evaluations", "Evaluations of the drift monitor", registry=r)
        self.live_brier = Gauge("fraud_live_brier", "Brier score over the last labels of /feedback", registry=r)
        self.quality_z = Gauge("fraud_quality_z", "Misfit of live labels (score test): above 4.8 the model no longer fits", registry=r)
        self.label_rate = Gauge("fraud_label_rate", "Share of the last batch of labels that says fraud", registry=r)
        self.feedback = Counter("fraud_feedback", "Labels received; doubted ones train nothing", ["known"], registry=r)
        self.retrainings = Counter("fraud_retrainings", "Challengers trained on feedback", ["outcome"], registry=r)
        self.model = Gauge("fraud_model_info", "1 for the model being served", ["version"], registry=r)
        self.alerts = Counter("fraud_alerts", "Posts to the alert webhook", ["outcome"], registry=r)
        self.journal_dropped = Counter("fraud_journal_dropped", "Journal lines that could not be written", ["journal"], registry=r)
        for outcome in ("sent", "failed"):
            self.alerts.labels(outcome)
        for reason in ("timeout", "unreachable", "bad_answer", "breaker_open", "unknown_customer"):
            self.fallbacks.labels(reason)
        self.live_brier.set(nan)  # 0 would be a perfect model
        self.quality_z.set(nan)
