"""The seam: submit, cancel, status, progress; and what those need who run the service: hasten, events, health, forget.

Knows the queue's tables only; the workflow engine is the worker's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

import challenges.loader
import grader.rubric
from grader import __version__
from grader.jobs import fair, keep, rows
from grader.jobs.database import Database
from grader.jobs.model import Event, Health, Job, JobState, JobStatus, Priority, StageProgress, WorkerStatus, identity
from grader.jobs.settings import JobSettings, job_settings
from grader.jobs.store import Store
from grader.jobs.tables import job, stage, worker

RECENT = 20
"""How many of the last gradings tell how long one takes."""

Versions = Callable[[Job], Mapping[str, str]]


def versions(wanted: Job) -> Mapping[str, str]:
    """What a verdict depends on besides the submission. UsageError for an unknown challenge."""
    return {"grader": __version__, "challenge": _challenge_digest(wanted.challenge), "rubric": _rubric_digest()}


@lru_cache(maxsize=64)
def _challenge_digest(slug: str) -> str:
    """Kept, since reading a challenge takes longer than handing in may, and an installed one does not change under a process."""
    return challenges.loader.load(slug).spec.digest


@lru_cache(maxsize=1)
def _rubric_digest() -> str:
    return grader.rubric.load().digest


class Queue:
    """The queue as everybody but the worker sees it. Thread-safe. Every method raises UnavailableError when the database does not answer."""

    def __init__(self, settings: JobSettings, versions: Versions = versions) -> None:
        self.settings = settings
        self.db = Database(settings)
        self._versions = versions

    def submit(self, wanted: Job) -> str:
        """Queue a job and return its id; an equal key (or, without one, equal content) gives the same id and no second job.

        To grade the same once more on purpose, raise `attempt`. UsageError for an unknown challenge where no key is given.
        """
        id = identity(wanted, {} if wanted.key else dict(self._versions(wanted)))
        rows.add(self.db, id, wanted)
        return id

    def cancel(self, id: str) -> bool:
        """End a job that has not ended; one that runs is stopped within seconds. False when it had ended, publishes already, or is unknown."""
        return rows.cancel(self.db, id)

    def hasten(self, id: str, priority: Priority) -> bool:
        """Move a job that waits into this class, unless it stands as high already. False when it does not wait any more, or is unknown."""
        return rows.hasten(self.db, id, priority)

    def status(self, ids: Sequence[str]) -> Mapping[str, JobStatus]:
        """Where several jobs stand; unknown ids are left out."""
        if not ids:
            return {}
        with self.db.reading() as connection:
            found = list(connection.execute(sa.select(job).where(job.c.id.in_(ids))))
            queued = [row.id for row in found if row.state == JobState.QUEUED]
            places = self._places(connection, queued) if queued else {}
            waits = self._waits(connection, places)
        return {row.id: _status(row, places.get(row.id), waits.get(row.id)) for row in found}

    def progress(self, id: str) -> Sequence[StageProgress]:
        """The stages of a job's current run so far, in order; of the last run once it ended."""
        with self.db.reading() as connection:
            now = connection.execute(sa.select(self.db.now())).scalar_one()
            found = connection.execute(sa.select(stage).where(stage.c.job == id).order_by(stage.c.place))
            return [
                StageProgress(row.name, row.state, round(row.seconds if row.seconds is not None else max(0.0, now - row.began), 1), row.note)
                for row in found
            ]

    def events(self, id: str = "", after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """What happened, in order: to one job or to all, after an event's number."""
        return rows.events(self.db, id, after, limit)

    def health(self) -> Health:
        """How full the queue is, and who works on it."""
        with self.db.reading() as connection:
            now = connection.execute(sa.select(self.db.now())).scalar_one()
            each = sa.select(job.c.state, sa.func.count().label("jobs")).group_by(job.c.state)
            counts = {row.state: row.jobs for row in connection.execute(each)}
            oldest = connection.execute(sa.select(sa.func.min(job.c.created)).where(job.c.state == JobState.QUEUED)).scalar()
            workers = self._workers(connection, now)
        by_state = {state.value: counts.get(state.value, 0) for state in JobState}
        return Health(**by_state, oldest_s=0.0 if oldest is None else max(0.0, now - oldest), workers=workers)

    def forget(self, ids: Sequence[str]) -> Sequence[str]:
        """Remove ended jobs with all that they published and all that is known of them; the ids that were removed. Those under way stay."""
        return keep.forget(self.db, Store(self.settings.store), ids)

    def ended_before(self, age_s: float, limit: int = 1000) -> Sequence[str]:
        """Jobs that ended longer ago than this, for those who decide how long things are kept."""
        return keep.ended_before(self.db, age_s, limit)

    def close(self) -> None:
        self.db.close()

    def _places(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
        order = sa.func.row_number().over(order_by=rows.IN_ORDER).label("place")
        line = sa.select(job.c.id, order).where(job.c.state == JobState.QUEUED).subquery()
        return {row.id: row.place for row in connection.execute(sa.select(line).where(line.c.id.in_(ids)))}

    def _waits(self, connection: sa.Connection, places: Mapping[str, int]) -> dict[str, float | None]:
        if not places:
            return {}
        now = connection.execute(sa.select(self.db.now())).scalar_one()
        last = sa.select(job.c.ended - job.c.started).where(job.c.state == JobState.DONE, job.c.started.is_not(None))
        recent = [max(0.0, row[0]) for row in connection.execute(last.order_by(job.c.ended.desc()).limit(RECENT))]
        usual = sum(recent) / len(recent) if recent else 0.0
        running = connection.execute(sa.select(job.c.started).where(job.c.state == JobState.RUNNING))
        remaining = [max(0.0, usual - (now - row.started)) for row in running]
        capacity = sum(one.capacity for one in self._workers(connection, now) if one.alive and one.state == "ready")
        return {id: fair.expected_wait_s(place, remaining, recent, capacity) for id, place in places.items()}

    def _workers(self, connection: sa.Connection, now: float) -> list[WorkerStatus]:
        found = connection.execute(sa.select(worker).order_by(worker.c.name))
        lost_after_s = self.settings.lost_after_s
        return [
            WorkerStatus(
                row.name, row.state, row.reason, row.running, row.capacity, silent_s=max(0.0, now - row.beat),
                alive=row.state != "gone" and now - row.beat <= lost_after_s,
            )
            for row in found
        ]  # fmt: skip


def _status(row: sa.Row[Any], position: int | None, wait_s: float | None) -> JobStatus:
    later = row.not_before if row.state == JobState.QUEUED and row.not_before > time.time() else None
    return JobStatus(
        JobState(row.state), position=position, expected_wait_s=wait_s, error=row.error, culprit=row.culprit, result=row.result, worker=row.worker,
        run=row.run, not_before=later,
    )  # fmt: skip


@lru_cache(maxsize=1)
def queue() -> Queue:
    """The queue of this process, by its environment. UsageError when a setting cannot be used."""
    return Queue(job_settings())
