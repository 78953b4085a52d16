"""What stands behind the pages: the queue and the artifact store of this process. Everybody asks here, so that tests can bring others."""

from __future__ import annotations

from functools import lru_cache

from grader import jobs
from grader.jobs import Job, JobState, JobStatus, Priority, Queue, StageProgress, metrics
from grader.jobs.model import identity
from grader.jobs.store import Store
from grader.web.config import service_settings

__all__ = ["Job", "JobState", "JobStatus", "Priority", "StageProgress", "figures", "identity", "queue", "store"]


def queue() -> Queue:
    """Submit, cancel, status, progress, health. Its calls raise UnavailableError when its database does not answer."""
    return jobs.queue()


def figures() -> bytes:
    """The queue's own metrics, as Prometheus reads them."""
    return metrics.exposition(queue())


@lru_cache(maxsize=1)
def store() -> Store:
    """Where workers publish and archives are kept. Raises UnavailableError when it does not answer."""
    return Store(service_settings().store)
