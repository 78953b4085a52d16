"""Every metric of the service, those that the monitor process reports among them: one /metrics for the whole container."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()
SCORE_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """One instance per application."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        ProcessCollector(registry=r)
        self.requests = Counter("fraud_requests", "POST /predict by status of the answer", ["status"], registry=r)
        self.latency = Histogram(
            "fraud_request_latency_seconds", "POST /predict from the first byte to the answer, any status", buckets=LATENCY_BUCKETS, registry=r
        )
        self.scores = Histogram("fraud_score", "Scores answered", buckets=SCORE_BUCKETS, registry=r)
        self.fallbacks = Counter("fraud_fallbacks", "Answers by the fallback model", ["reason"], registry=r)
        self.shed = Counter("fraud_shed", "Requests refused because too many were in flight", registry=r)
        self.in_flight = Gauge("fraud_in_flight", "Predictions being worked on", registry=r)
        self.breaker_open = Gauge("fraud_breaker_open", "1 while the feature store's circuit breaker is open", registry=r)
        self.model = Gauge("fraud_model_info", "1 for the model that serves", ["version"], registry=r)
        self.audit_lost = Counter("fraud_audit_lost", "Audit lines that could not be written", registry=r)
        self.feedback = Counter("fraud_feedback", "Labels taken, and what became of them; doubted ones train nothing", ["outcome"], registry=r)
        # the monitor process
        self.monitor_up = Gauge("fraud_monitor_up", "1 while the monitor process reports", registry=r)
        self.monitor_starts = Counter("fraud_monitor_starts", "Starts of the monitor process; more than 1 means that it died", registry=r)
        self.monitor_lost = Counter("fraud_monitor_lost", "Records that the monitor did not take", registry=r)
        self.drift = Gauge("fraud_drift_score", "Worst drift test: statistic / critical value, above 1 = drift", ["feature"], registry=r)
        self.unexplained = Gauge(
            "fraud_drift_unexplained", "Drift of the scores at the second look while no input drifts, else 0; above 1 = drift", registry=r
        )
        self.evaluations = Counter("fraud_drift_evaluations", "Evaluations of the drift window", registry=r)
        self.live_brier = Gauge("fraud_live_brier", "Brier score over the last labels", registry=r)
        self.quality_z = Gauge("fraud_quality_z", "Misfit of live labels (score test): above 4.8 the model no longer fits", registry=r)
        self.label_rate = Gauge("fraud_label_rate", "Share of the last batch of labels that says fraud", registry=r)
        self.doubting = Gauge("fraud_labels_doubted", "1 while the last batch of labels says fraud more often than can be", registry=r)
        self.retrainings = Counter("fraud_retrainings", "Challengers trained on feedback", ["outcome"], registry=r)
        for reason in ("timeout", "unreachable", "bad_answer", "breaker_open", "unknown_customer"):
            self.fallbacks.labels(reason)
        for outcome in ("taken", "joined", "unknown", "doubted"):
            self.feedback.labels(outcome)
        for outcome in ("promoted", "refused"):
            self.retrainings.labels(outcome)
        for gauge in (self.live_brier, self.quality_z, self.label_rate):
            gauge.set(float("nan"))  # 0 would be a perfect model

    def serves(self, version: str) -> None:
        self.model.clear()
        self.model.labels(version).set(1)

    def take_report(self, report: dict[str, Any]) -> None:
        """Gauges as they stand and counters by how much they grew; see `monitor.watch.Watch.report`."""
        for feature, ratio in report["drift"].items():
            self.drift.labels(feature).set(ratio)
        self.unexplained.set(report["unexplained"])
        self.evaluations.inc(report["evaluations"])
        self.doubting.set(report["doubting"])
        for gauge, value in ((self.live_brier, "live_brier"), (self.quality_z, "quality_z"), (self.label_rate, "label_rate")):
            if report[value] is not None:
                gauge.set(report[value])
        for outcome, count in report["labels"].items():
            self.feedback.labels(outcome).inc(count)
        for outcome, count in report["retrainings"].items():
            self.retrainings.labels(outcome).inc(count)
