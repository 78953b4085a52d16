"""Prometheus metrics of the service itself. Nothing in them says who."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from grader.web import seam
from grader.web.models import Delivery, State, Submission

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "grader_web_request_seconds", "Time to answer a request", ("method", "route", "status"), registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 10),
)  # fmt: skip
ProcessCollector(registry=REGISTRY)


class Rows(Collector):
    """What the database says at the moment of the scrape."""

    def collect(self) -> Iterator[Metric]:
        counted = dict(Submission.objects.order_by().values_list("state").annotate(Count("pk")))
        states = GaugeMetricFamily("grader_submissions", "Submissions by state", labels=["state"])
        for state in State.values:
            states.add_metric([state], counted.get(state, 0))
        yield states
        pending = Delivery.objects.filter(next_try__isnull=False).count()
        given_up = Delivery.objects.filter(next_try__isnull=True, delivered__isnull=True).count()
        yield GaugeMetricFamily("grader_webhooks_pending", "Webhook messages not yet delivered", value=pending)
        yield GaugeMetricFamily("grader_webhooks_given_up", "Webhook messages that nobody took", value=given_up)

    def describe(self) -> list[Metric]:
        """Nothing: the database is asked at a scrape, not when the module is imported."""
        return []


REGISTRY.register(Rows())


def exposition() -> bytes:
    """The text that Prometheus reads: the pages' own figures, then the queue's. Raises UnavailableError when the queue does not answer."""
    return generate_latest(REGISTRY) + seam.figures()
