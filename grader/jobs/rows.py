"""Reading and changing the queue's rows. Every change names the state it leads out of, so that whoever comes second changes nothing.

A run may speak for its job only while it is the newest one (`run` is the fencing number): what a worker says that was given up for lost,
and did not notice, is not heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from grader.jobs import fair, policy
from grader.jobs.database import Database
from grader.jobs.model import Event, Job, JobState, Priority
from grader.jobs.tables import event, job, stage
from grader.schema.base import Culprit

MOST_DISPATCHES = 20
"""Workflows that one job may use up before the service itself is taken to be broken for it."""


IN_ORDER = (sa.case((job.c.priority == Priority.HIGH.value, 0), else_=1), job.c.turn, job.c.priority, job.c.created, job.c.id)
"""The fair order: see fair.py."""


def tell(db: Database, connection: sa.Connection, id: str, kind: str, run: int, **facts: Any) -> None:
    """Add an event."""
    connection.execute(sa.insert(event).values(job=id, at=db.now(), kind=kind, run=run, facts=facts))


def add(db: Database, id: str, wanted: Job) -> bool:
    """Queue a job. False when it is there already."""
    with db.transaction() as connection:
        if connection.execute(sa.select(job.c.id).where(job.c.id == id)).first():
            return False
        values = {
            "id": id, "spec": wanted.dump(), "owner": wanted.owner, "priority": int(wanted.priority),
            "turn": _turn(connection, wanted.owner, wanted.priority), "created": db.now(), "state": JobState.QUEUED.value,
        }  # fmt: skip
        if connection.execute(db.insert_new(job, values).returning(job.c.id)).first() is None:
            return False
        tell(db, connection, id, "submitted", 0, owner=wanted.owner)
        return True


def hasten(db: Database, id: str, priority: Priority) -> bool:
    """Move a job that waits into this class, unless it stands as high already: with another workflow, since the old one stands in the old
    place. False when it does not wait."""
    with db.transaction() as connection:
        waits = (job.c.id == id) & (job.c.state == JobState.QUEUED)
        row = connection.execute(sa.select(job.c.owner, job.c.priority).where(waits)).first()
        if row is None or row.priority <= priority:
            return row is not None
        moved = requeue(connection, waits, {"priority": int(priority), "turn": _turn(connection, row.owner, priority)})
        if moved:
            tell(db, connection, id, "hastened", 0, priority=priority.name.lower())
        return moved


def _turn(connection: sa.Connection, owner: str, priority: Priority) -> int:
    """The turn of a job that joins a class now."""
    highest = sa.select(sa.func.max(job.c.turn))
    begun = [highest.where(job.c.priority == one.value, job.c.first_started.is_not(None)) for one in fair.sharing(priority)]
    served = max(connection.execute(query).scalar() or 0 for query in begun)
    waiting = highest.where(job.c.priority == int(priority), job.c.owner == owner, job.c.state == JobState.QUEUED)
    return fair.next_turn(served, connection.execute(waiting).scalar())


def to_dispatch(db: Database, limit: int) -> list[tuple[str, int, int]]:
    """Queued rows that lack a workflow and may have one now: (id, dispatch, rank), in the fair order."""
    with db.reading() as connection:
        found = connection.execute(
            sa.select(job.c.id, job.c.dispatch, job.c.priority, job.c.turn)
            .where(job.c.state == JobState.QUEUED, job.c.dispatched == 0, job.c.not_before <= db.now())
            .order_by(*IN_ORDER)
            .limit(limit)
        )
        return [(row.id, row.dispatch, fair.rank(row.priority, row.turn)) for row in found]


def dispatched(db: Database, id: str, dispatch: int) -> None:
    """Its workflow is durable now."""
    with db.transaction() as connection:
        connection.execute(sa.update(job).where(job.c.id == id, job.c.dispatch == dispatch).values(dispatched=1))


def begin(db: Database, id: str, dispatch: int, worker: str) -> sa.Row[Any] | None:
    """Open a new run: the row (id, spec, run, restarts), or None when there is nothing to run (cancelled, ended, or another workflow's)."""
    with db.transaction() as connection:
        mine = (job.c.id == id) & (job.c.dispatch == dispatch)
        now = db.now()
        opened = connection.execute(
            sa.update(job)
            .where(mine, job.c.state.in_((JobState.QUEUED, JobState.RUNNING)), job.c.publishing == 0, job.c.cancel == 0)
            .values(
                restarts=sa.case((job.c.state == JobState.RUNNING, job.c.restarts + 1), else_=job.c.restarts), state=JobState.RUNNING.value,
                run=job.c.run + 1, worker=worker, started=now, first_started=sa.func.coalesce(job.c.first_started, now),
            )
            .returning(job.c.id, job.c.spec, job.c.run, job.c.restarts)
        ).first()  # fmt: skip
        if opened is not None:
            connection.execute(sa.delete(stage).where(stage.c.job == id))
            tell(db, connection, id, "started", opened.run, worker=worker, restarts=opened.restarts)
        return opened


def wanted(db: Database, id: str, run: int) -> str:
    """What the run `run` of a job is to do: go on ("go"), end because it was cancelled ("cancel"), or fall silent ("fenced")."""
    with db.reading() as connection:
        row = connection.execute(sa.select(job.c.run, job.c.cancel, job.c.state).where(job.c.id == id)).first()
    if row is None or row.run != run or row.state != JobState.RUNNING:
        return "fenced"
    return "cancel" if row.cancel else "go"


def put_stages(db: Database, id: str, run: int, rows: Sequence[dict[str, Any]]) -> None:
    """Write down the stages of a run that changed: dicts of name, place, state, began, seconds, note."""
    with db.transaction() as connection:
        if connection.execute(sa.select(job.c.id).where(job.c.id == id, job.c.run == run).with_for_update()).first() is None:
            return
        for row in rows:
            here = (stage.c.job == id) & (stage.c.name == row["name"])
            if connection.execute(sa.update(stage).where(here).values(**row)).rowcount == 0:
                connection.execute(sa.insert(stage).values(job=id, **row))


def claim_publishing(db: Database, id: str, run: int) -> bool:
    """The point of no return: from here on the job can no longer be cancelled. False when it was, or the run is not the newest."""
    with db.transaction() as connection:
        mine = (job.c.id == id) & (job.c.run == run) & (job.c.state == JobState.RUNNING)
        return connection.execute(sa.update(job).where(mine, job.c.cancel == 0).values(publishing=1)).rowcount == 1


def publish(db: Database, id: str, run: int, result: str) -> bool:
    """The result stands: settle the job. False when it was settled already, or the run is not the newest."""
    mine = (job.c.run == run) & (job.c.publishing == 1)
    return _settle(db, id, run, mine, {"state": JobState.DONE.value, "result": result, "culprit": "", "error": ""})


def end_cancelled(db: Database, id: str, run: int) -> bool:
    """Settle a run that ended because its job was cancelled."""
    return _settle(db, id, run, (job.c.run == run) & (job.c.cancel == 1), {"state": JobState.CANCELLED.value})


def _settle(db: Database, id: str, run: int, mine: sa.ColumnElement[bool], values: dict[str, Any]) -> bool:
    with db.transaction() as connection:
        settled = sa.update(job).where(job.c.id == id, job.c.state == JobState.RUNNING, mine).values(ended=db.now(), worker="", **values)
        if connection.execute(settled).rowcount != 1:
            return False
        tell(db, connection, id, values["state"], run)
        return True


def keep_error(db: Database, id: str, run: int, error: str) -> None:
    """Write down what went wrong in a run, for whoever settles it."""
    with db.transaction() as connection:
        mine = (job.c.id == id) & (job.c.run == run) & (job.c.state == JobState.RUNNING)
        connection.execute(sa.update(job).where(mine).values(error=error))


def fail(db: Database, id: str, run: int, culprit: str, cause: str, error: str | None = None) -> None:
    """A run gave nothing: queue the job once more, or end it, as the policy says. Without an `error` it is the one that the run has kept."""
    with db.transaction() as connection:
        mine = (job.c.id == id) & (job.c.run == run) & (job.c.state == JobState.RUNNING)
        row = connection.execute(sa.select(job.c.tries, job.c.cancel, job.c.error).where(mine)).first()
        if row is None:
            return
        error = row.error if error is None else error
        wait = None if row.cancel else policy.pause(culprit, cause, row.tries + 1)
        if wait is not None:
            again = {"not_before": db.now() + wait, "tries": row.tries + 1, "culprit": culprit, "error": error}
            if requeue(connection, mine, again):
                tell(db, connection, id, "retry", run, culprit=culprit, cause=cause, error=error, wait_s=wait)
            return
        state = JobState.CANCELLED if row.cancel else JobState.FAILED
        ended = {"state": state.value, "ended": db.now(), "culprit": culprit, "error": error, "worker": "", "tries": row.tries + 1}
        if connection.execute(sa.update(job).where(mine).values(**ended)).rowcount == 1:
            tell(db, connection, id, state.value, run, culprit=culprit, cause=cause, error=error)


def requeue(connection: sa.Connection, which: sa.ColumnElement[bool], values: dict[str, Any]) -> bool:
    """Back into the queue with another workflow to come; unless `values` say so, its turn stays what it was, so it does not lose its place."""
    fresh = {"state": JobState.QUEUED.value, "dispatch": job.c.dispatch + 1, "dispatched": 0, "restarts": 0, "publishing": 0, "worker": ""}
    return connection.execute(sa.update(job).where(which).values(**(fresh | values))).rowcount == 1


def cancel(db: Database, id: str) -> bool:
    """End a job that has not ended. One that runs ends within seconds. False when it had ended, or publishes already, or is unknown."""
    with db.transaction() as connection:
        queued = (job.c.id == id) & (job.c.state == JobState.QUEUED)
        if connection.execute(sa.update(job).where(queued).values(state=JobState.CANCELLED.value, ended=db.now(), cancel=1)).rowcount == 1:
            tell(db, connection, id, "cancelled", 0)
            return True
        running = (job.c.id == id) & (job.c.state == JobState.RUNNING) & (job.c.publishing == 0)
        return connection.execute(sa.update(job).where(running).values(cancel=1)).rowcount == 1


def cancelled_run(db: Database, id: str, dispatch: int) -> int | None:
    """The run of a job that was cancelled while it ran and whose worker died before it could say so; None when it is not such a one."""
    with db.reading() as connection:
        query = sa.select(job.c.run).where(job.c.id == id, job.c.dispatch == dispatch, job.c.state == JobState.RUNNING, job.c.cancel == 1)
        found: int | None = connection.execute(query).scalar()
        return found


def tries(db: Database, id: str) -> int:
    """How many tries of a job have ended without a verdict."""
    with db.reading() as connection:
        return int(connection.execute(sa.select(job.c.tries).where(job.c.id == id)).scalar() or 0)


def under_way(db: Database, limit: int) -> list[sa.Row[Any]]:
    """(id, dispatch, state, run) of jobs that have a workflow and have not ended: all that run, and the next in the queue."""
    with db.reading() as connection:
        open_jobs = job.c.state.in_((JobState.QUEUED, JobState.RUNNING)) & (job.c.dispatched == 1)
        found = sa.select(job.c.id, job.c.dispatch, job.c.state, job.c.run).where(open_jobs)
        return list(connection.execute(found.order_by(job.c.state.desc(), *IN_ORDER).limit(limit)))


def dispatch_again(db: Database, id: str, dispatch: int, why: str) -> None:
    """Its workflow vanished, or ended before a run began: give it another one. Costs no try, since nothing is known against the job."""
    with db.transaction() as connection:
        stuck = (job.c.id == id) & (job.c.dispatch == dispatch) & (job.c.dispatched == 1) & job.c.state.in_((JobState.QUEUED, JobState.RUNNING))
        if dispatch < MOST_DISPATCHES:
            if requeue(connection, stuck, {}):
                tell(db, connection, id, "redispatched", 0, why=why)
            return
        ended = {"state": JobState.FAILED.value, "ended": db.now(), "culprit": Culprit.GRADER.value, "error": f"the queue could not start it: {why}"}
        if connection.execute(sa.update(job).where(stuck).values(**ended)).rowcount == 1:
            tell(db, connection, id, "failed", 0, why=why)


def events(db: Database, id: str = "", after: int = 0, limit: int = 1000) -> list[Event]:
    """Events in order: of one job or of all, after a number."""
    with db.reading() as connection:
        query = sa.select(event).where(event.c.number > after).order_by(event.c.number).limit(limit)
        found = connection.execute(query.where(event.c.job == id) if id else query)
        return [Event(row.number, row.job, row.at, row.kind, row.run, row.facts) for row in found]
