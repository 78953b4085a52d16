"""What every worker does beside grading, so that the queue heals by itself: rows get workflows, lost workers' jobs go to others, workflows
that ended in an unforeseen way do not leave their job hanging. Any number of workers may do it at once."""

from __future__ import annotations

import logging
import time

from grader.jobs import rows
from grader.jobs.beat import Beat
from grader.jobs.database import Database
from grader.jobs.durable import Durable, Workflow, name, recover
from grader.schema.base import Culprit

log = logging.getLogger("grader.jobs")
BATCH = 100
LOOKED_AT = 500
KEPT_S = 7 * 24 * 3600.0
"""How long the workflow engine's own record of what is over is kept; ours, with the events, stays until somebody decides otherwise."""
PRUNE_EVERY_S = 3600.0
STUCK_S = 30.0
"""A workflow that this worker claimed so long ago and never began fell between claim and start."""


class Keeper:
    """One worker's share of the care. `every_s` is how often the slower checks are made."""

    def __init__(self, db: Database, durable: Durable, beat: Beat, worker: str, every_s: float) -> None:
        self._db, self._durable, self._beat, self._worker, self._every_s = db, durable, beat, worker, every_s
        self._due, self._prune_due = 0.0, 0.0

    def one_pass(self) -> None:
        """Raises UnavailableError when the database is away: the next pass does what this one could not."""
        self.dispatch()
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every_s
            self.reap()
            self.mend()
        if time.monotonic() >= self._prune_due:
            self._prune_due = time.monotonic() + PRUNE_EVERY_S
            self._durable.prune(KEPT_S)

    def dispatch(self) -> int:
        """Give every row that lacks one its workflow. Row and workflow are two transactions; a crash between them is caught up here."""
        lacking = rows.to_dispatch(self._db, BATCH)
        for id, dispatch, rank in lacking:
            self._durable.enqueue(id, dispatch, rank)
            rows.dispatched(self._db, id, dispatch)
        return len(lacking)

    def reap(self) -> int:
        """Hand on the jobs of workers that are gone: whoever has claimed something and is not at work now."""
        if not self._beat.may_judge:
            return 0
        lost = self._durable.claimants() - self._beat.at_work() - {self._worker}
        for worker in lost:
            log.warning("lost", extra={"facts": {"worker": worker, "workflows": recover(worker)}})
        return len(lost)

    def mend(self) -> None:
        """Compare the rows that are under way with their workflows; what does not fit is begun anew or ended."""
        open_rows = {name(row.id, row.dispatch): row for row in rows.under_way(self._db, LOOKED_AT)}
        known = self._durable.look_up(list(open_rows)) if open_rows else {}
        for workflow, row in open_rows.items():
            found = known.get(workflow)
            if found is None:
                rows.dispatch_again(self._db, row.id, row.dispatch, "its workflow is not known")
            elif found.over and row.state == "running":
                rows.fail(self._db, row.id, row.run, Culprit.GRADER, "internal_error", f"the workflow ended as {found.status} without a verdict")
            elif found.over:
                rows.dispatch_again(self._db, row.id, row.dispatch, f"its workflow ended as {found.status}")
            elif self._stuck(found):
                self._durable.drop(workflow)
                rows.dispatch_again(self._db, row.id, row.dispatch, "claimed and never begun")

    def _stuck(self, found: Workflow) -> bool:
        mine = found.status == "PENDING" and found.worker == self._worker and found.id not in self._durable.active
        return mine and found.claimed_ms is not None and time.time() - found.claimed_ms / 1000 > STUCK_S
