"""The queue's own figures in the text format of Prometheus, read from the tables at each scrape: every process that asks gives the same."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from grader.jobs.model import JobState
from grader.jobs.seam import Queue
from grader.jobs.tables import event, job


class _Figures:
    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def describe(self) -> list[Metric]:
        """Nothing, so that registering reads no table."""
        return []

    def collect(self) -> Iterator[Metric]:
        health = self._queue.health()
        jobs = GaugeMetricFamily("grader_jobs", "Gradings by state.", labels=["state"])
        for state in JobState:
            jobs.add_metric([state.value], getattr(health, state.value))
        yield jobs
        yield GaugeMetricFamily("grader_queue_oldest_seconds", "How long the first in the queue has waited.", value=health.oldest_s)
        yield GaugeMetricFamily("grader_workers_capacity", "Gradings that can be under way at once.", value=health.capacity)
        workers = GaugeMetricFamily("grader_worker_silent_seconds", "Seconds since a worker's last sign of life.", labels=["worker", "state"])
        for one in health.workers:
            workers.add_metric([one.name, one.state], one.silent_s)
        yield workers
        yield from self._history()

    def _history(self) -> Iterator[Metric]:
        with self._queue.db.reading() as connection:
            kinds = CounterMetricFamily("grader_job_events", "What happened to gradings.", labels=["kind"])
            for kind, count in connection.execute(sa.select(event.c.kind, sa.func.count()).group_by(event.c.kind)):
                kinds.add_metric([kind], count)
            took = sa.select(sa.func.count(), sa.func.sum(job.c.ended - job.c.started)).where(job.c.state == JobState.DONE)
            count, seconds = connection.execute(took).one()
        yield kinds
        yield SummaryMetricFamily("grader_job_seconds", "Wall time of gradings that gave a verdict.", count_value=count, sum_value=seconds or 0.0)


def exposition(queue: Queue) -> bytes:
    """What a scrape gets. Raises UnavailableError when the database does not answer."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(queue))
    return generate_latest(registry)
