"""The two durable steps of a job: `run` grades and stages, `publish` settles. What the first one returns is all that the second one needs.

Between them the worker may die: the first step's outcome is then on record, and whoever carries on goes straight to publishing.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from grader.jobs import policy, publish, rows
from grader.jobs.database import Database
from grader.jobs.model import Job, UnavailableError
from grader.jobs.relay import Relay
from grader.jobs.settings import JobSettings
from grader.jobs.store import Store
from grader.jobs.supervise import Child, Ending
from grader.schema.base import Culprit

log = logging.getLogger("grader.jobs")
TICK_S = 0.5
PATIENCE_S = 2.0
T = TypeVar("T")

Outcome = dict[str, Any]
NOTHING: Outcome = {"kind": "nothing"}


class Gradings:
    """Runs jobs on behalf of one worker."""

    def __init__(self, settings: JobSettings, db: Database, store: Store, worker: str, scratch: Path) -> None:
        self._settings, self._db, self._store, self._worker, self._scratch = settings, db, store, worker, scratch

    def run(self, id: str, dispatch: int) -> Outcome:
        """Grade a job and stage what came of it. Never raises for anything that may go wrong in a grading.

        What went wrong is written into the job's row, which an erasure removes, and not into the outcome: the workflow engine keeps that for
        days, and the words may name whose repository it was.
        """
        outcome = self._run(id, dispatch)
        error = outcome.pop("error", "")
        if error:
            patiently(lambda: rows.keep_error(self._db, id, outcome["run"], error))
        return outcome

    def _run(self, id: str, dispatch: int) -> Outcome:
        row = patiently(lambda: rows.begin(self._db, id, dispatch, self._worker))
        if row is None:
            return self._not_begun(id, dispatch)
        if row.restarts > policy.RESTARTS:
            error = f"{row.restarts} workers died while they graded it"
            return _failed(row.run, policy.LOST, "worker_lost", error)
        return self._grade(id, row)

    def publish(self, id: str, outcome: Outcome) -> None:
        """Settle a job by its run's outcome. May be repeated by anybody, any number of times."""
        patiently(lambda: self._settle(id, outcome))
        log.info("settled", extra={"facts": {"job": id, **{k: v for k, v in outcome.items() if k in ("kind", "run", "culprit", "cause")}}})

    def _not_begun(self, id: str, dispatch: int) -> Outcome:
        """A job that was cancelled while it waited to be begun again has nobody else who says so."""
        run = patiently(lambda: rows.cancelled_run(self._db, id, dispatch))
        return NOTHING if run is None else {"kind": "cancelled", "run": run}

    def _grade(self, id: str, row: sa.Row[Any]) -> Outcome:
        folder = self._scratch / f"{id[:8]}-{row.run}"
        shutil.rmtree(folder, ignore_errors=True)
        relay = Relay(self._db, id, row.run)
        try:
            with Child(self._settings, Job.load(row.spec), folder) as child:
                due = time.monotonic() + self._settings.overdue_s
                ending = child.listen(relay.heard, lambda: time.monotonic() < due and relay.tick(), TICK_S)
                relay.close()
                outcome = self._outcome(row, relay, ending)
                if outcome["kind"] == "staged":
                    patiently(lambda: publish.stage(self._store, id, row.run, child.out))
                return outcome
        except OSError as error:
            return _failed(row.run, Culprit.HOST, "disk_full" if error.errno == 28 else "internal_error", f"cannot grade here: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _outcome(self, row: sa.Row[Any], relay: Relay, ending: Ending) -> Outcome:
        if ending.stopped and relay.said == "go":
            return _failed(row.run, policy.LOST, "overdue", f"it did not end within {self._settings.overdue_s / 3600:g} hours")
        if ending.stopped:
            return {"kind": "cancelled" if relay.said == "cancel" else "nothing", "run": row.run}
        if not ending.ok:
            if ending.culprit in (policy.LOST, Culprit.GRADER):  # ours to mend, and its folder goes now
                log.error("grading failed", extra={"facts": {"job": row.id, "run": row.run, "cause": ending.cause, "log": ending.log}})
            return _failed(row.run, ending.culprit, ending.cause, ending.error)
        ours = policy.worth_another(ending.failures)
        if ours and policy.pause(*ours, patiently(lambda: rows.tries(self._db, row.id)) + 1) is not None:
            return _failed(row.run, *ours, f"not enough evidence for a verdict: {ours[1]}")
        return {"kind": "staged", "run": row.run}

    def _settle(self, id: str, outcome: Outcome) -> None:
        kind, run = outcome["kind"], outcome.get("run", 0)
        if kind == "failed":
            rows.fail(self._db, id, run, outcome["culprit"], outcome["cause"], outcome.get("error"))
        elif kind == "cancelled" or (kind == "staged" and not rows.claim_publishing(self._db, id, run)):
            rows.end_cancelled(self._db, id, run)
        elif kind == "staged":
            publish.publish(self._store, id, run)
            if rows.publish(self._db, id, run, publish.folder(id)):
                publish.clear(self._store, id)
        publish.clear(self._store, id, run)  # only this run's: a later one may have staged its own by now


def patiently(act: Callable[[], T]) -> T:
    """Do it as soon as database and store answer. A grading that took minutes is not thrown away because they are away for some."""
    while True:
        try:
            return act()
        except UnavailableError as error:
            log.warning("waiting", extra={"facts": {"for": str(error)}})
            time.sleep(PATIENCE_S)


def _failed(run: int, culprit: str, cause: str, error: str) -> Outcome:
    return {"kind": "failed", "run": run, "culprit": str(culprit), "cause": cause, "error": error}
