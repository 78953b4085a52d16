"""From a child's events to the rows that people watch. Writes little: what changed since the last tick, in one transaction."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from grader.jobs import rows
from grader.jobs.database import Database
from grader.jobs.model import UnavailableError
from grader.schema.base import Culprit

NOTE_CHARS = 300
STAGES_KEPT = 200
ASK_S = 1.0


class Relay:
    """Progress of one run. `said` is what the queue last wanted of it: go, cancel or fenced."""

    def __init__(self, db: Database, id: str, run: int) -> None:
        self._db, self._id, self._run = db, id, run
        self._rows: dict[str, dict[str, Any]] = {}
        self._changed: set[str] = set()
        self._asked = 0.0
        self.said = "go"

    def heard(self, event: dict[str, Any]) -> None:
        """Take over one event of the child."""
        name = str(event.get("stage", ""))[:80]
        if not name or (name not in self._rows and len(self._rows) >= STAGES_KEPT):
            return
        fresh = {"name": name, "place": len(self._rows), "state": "running", "began": time.time(), "seconds": None, "note": ""}
        row = self._rows.setdefault(name, fresh)
        if event["event"] == "started":
            row.update(state="running", began=time.time(), seconds=None)
        elif event["event"] == "note":
            row["note"] = str(event.get("text", ""))[:NOTE_CHARS]
        elif event["event"] == "finished":
            culprit = event.get("culprit")
            row["state"] = "ok" if culprit is None else "failed" if culprit == Culprit.CANDIDATE else "unknown"
            row["seconds"] = float(event.get("seconds", 0.0))
            row["note"] = str(event.get("text", row["note"]))[:NOTE_CHARS]
        self._changed.add(name)

    def close(self) -> None:
        """Write the last changes, unless the database is away: nobody's verdict depends on them."""
        with contextlib.suppress(UnavailableError):
            self.flush()

    def tick(self) -> bool:
        """Write what changed; False when the run is to end. A database that is away stops nobody: the grading goes on and is told of later."""
        try:
            self.flush()
            if time.monotonic() - self._asked >= ASK_S:
                self._asked = time.monotonic()
                self.said = rows.wanted(self._db, self._id, self._run)
        except UnavailableError:
            return True
        return self.said == "go"

    def flush(self) -> None:
        """Write what changed."""
        if not self._changed:
            return
        changed = list(self._changed)
        rows.put_stages(self._db, self._id, self._run, [self._rows[name] for name in changed])
        self._changed.difference_update(changed)
