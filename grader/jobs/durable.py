"""The workflow engine, DBOS Transact, and everything that we know about it. No other module imports it.

A job is one durable workflow of two steps. Its engine's own rules do the rest: a step's outcome is written before the next one begins,
a workflow that is claimed by another worker no longer accepts anything from the first one, and one whose worker is gone is put back into
the queue by `recover`. The version is pinned, since that last function is not public.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from grader.jobs.gradings import Gradings, Outcome
from grader.jobs.model import UnavailableError
from grader.jobs.settings import JobSettings

APPLICATION = "ml-takehome-grader"
SHAPE = "two-steps-1"
"""Version of the workflow's shape, not of the grader: a worker of a newer grader carries on with what an older one has queued."""
QUEUE = "gradings"
POOL = 5
OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


@dataclass(frozen=True)
class Workflow:
    """One workflow as the engine sees it. `status` is in its own words; `worker` is who claimed it last, `claimed_ms` when."""

    id: str
    status: str
    worker: str
    claimed_ms: int | None

    @property
    def over(self) -> bool:
        return self.status in OVER


class Durable:
    """Enqueues and runs the workflows of one worker. `active` are those that this process has in hand."""

    def __init__(self, settings: JobSettings, worker: str, gradings: Gradings) -> None:
        self._settings, self._worker, self._gradings = settings, worker, gradings
        self.active: set[str] = set()
        self._lock = threading.Lock()
        self._workflow = self._register()

    def _register(self) -> Callable[[str, int], None]:
        run = DBOS.step(name="run")(lambda id, dispatch: self._gradings.run(id, dispatch))
        publish = DBOS.step(name="publish")(lambda id, outcome: self._gradings.publish(id, outcome))

        @DBOS.workflow(name="grading", max_recovery_attempts=None)  # how often is up to our own policy
        def grading(id: str, dispatch: int) -> None:
            with self._in_hand(name(id, dispatch)):
                outcome: Outcome = run(id, dispatch)
                publish(id, outcome)

        return grading

    @contextmanager
    def _in_hand(self, workflow: str) -> Iterator[None]:
        with self._lock:
            self.active.add(workflow)
        try:
            yield
        finally:
            with self._lock:
                self.active.discard(workflow)

    def launch(self) -> None:
        """Start to take work. What a predecessor of the same name had begun is begun again. UnavailableError when the database is away."""
        config: DBOSConfig = {
            "name": APPLICATION, "system_database_url": self._settings.engine_url, "application_version": SHAPE, "executor_id": self._worker,
            "sys_db_pool_size": POOL, "log_level": "WARNING", "enable_otlp": False,
        }  # fmt: skip
        try:
            DBOS(config=config)
            self._hush()
            DBOS.launch()
            DBOS.register_queue(
                QUEUE, worker_concurrency=self._settings.worker_jobs, polling_interval_sec=self._settings.poll_s, on_conflict="always_update"
            )
        except SQLAlchemyError as error:
            DBOS.destroy()
            raise UnavailableError(f"The database of the queue does not answer: {' '.join(str(error).split())[:200]}") from error

    def _hush(self) -> None:
        """Its own log lines go where ours go, in the same form."""
        logger = logging.getLogger("dbos")
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)

    def land(self, wait_s: float) -> None:
        """Take no more work, and wait for what is under way."""
        DBOS.destroy(workflow_completion_timeout_sec=round(wait_s))

    def enqueue(self, id: str, dispatch: int, rank: int) -> None:
        """Make the workflow of a job durable. A second call for the same one changes nothing."""
        with SetWorkflowID(name(id, dispatch)), SetEnqueueOptions(priority=rank):
            DBOS.enqueue_workflow(QUEUE, self._workflow, id, dispatch)

    def look_up(self, workflows: list[str]) -> dict[str, Workflow]:
        """Where workflows stand, by id; those that the engine does not know are left out."""
        found = DBOS.list_workflows(workflow_ids=workflows, load_input=False, load_output=False)
        return {one.workflow_id: Workflow(one.workflow_id, str(one.status), one.executor_id or "", one.dequeued_at) for one in found}

    def claimants(self) -> set[str]:
        """The workers on whose behalf some workflow is under way, or was when they died."""
        return {one.executor_id or "" for one in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)}

    def drop(self, workflow: str) -> None:
        """Take a workflow out of the queue for good."""
        DBOS.cancel_workflow(workflow)

    def prune(self, age_s: float, limit: int = 1000) -> int:
        """Forget workflows that were over longer ago than this; how many."""
        before = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat()
        found = DBOS.list_workflows(status=OVER, completed_before=before, limit=limit, load_input=False, load_output=False)
        DBOS.delete_workflows([one.workflow_id for one in found])
        return len(found)


def recover(worker: str) -> int:
    """Put whatever a lost worker had claimed back into the queue; how many workflows. Not public in the engine, hence wrapped here, pinned, and
    tested with real kills. Harmless when the worker lives after all: it can no longer write down what it does for them."""
    return len(DBOS._recover_pending_workflows([worker]))


def name(id: str, dispatch: int) -> str:
    """The workflow's id: the job's, which is a digest of what is graded, and the number of the try."""
    return f"{id}.{dispatch}"
