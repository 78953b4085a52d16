"""Prometheus metrics. A start: see the brief for what else should be here."""

from prometheus_client import Counter

PREDICTIONS = Counter("fraud_predictions", "Predictions answered")
