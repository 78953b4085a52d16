"""How long things are kept: ended jobs are removed on request, with what they published; running ones never."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from grader.jobs import publish
from grader.jobs.database import Database
from grader.jobs.model import JobState
from grader.jobs.store import Store
from grader.jobs.tables import job

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def forget(db: Database, store: Store, ids: Sequence[str]) -> list[str]:
    """Remove ended jobs with their events and results; the ids that were removed. Jobs under way are left alone.

    Uploaded archives are not touched: whoever took them in knows who else needs them, jobs that are not queued yet among them.

    Objects go before rows: when it is cut short, calling it again finishes it. What the workflow engine keeps of a job is its id only.
    """
    with db.reading() as connection:
        found = list(connection.execute(sa.select(job.c.id).where(job.c.id.in_(ids), job.c.state.in_(ENDED))))
    for row in found:
        publish.withdraw(store, row.id)
    with db.transaction() as connection:
        removed = sa.delete(job).where(job.c.id.in_([row.id for row in found]), job.c.state.in_(ENDED)).returning(job.c.id)
        return list(connection.execute(removed).scalars())


def ended_before(db: Database, age_s: float, limit: int = 1000) -> list[str]:
    """The jobs that ended longer ago than `age_s` seconds, the oldest first."""
    with db.reading() as connection:
        old = sa.select(job.c.id).where(job.c.state.in_(ENDED), job.c.ended < db.now() - age_s).order_by(job.c.ended).limit(limit)
        return list(connection.execute(old).scalars())
