"""A worker's sign of life, on a thread of its own: a row with its state, written every few seconds."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from grader.jobs.database import Database
from grader.jobs.model import UnavailableError
from grader.jobs.settings import JobSettings
from grader.jobs.tables import worker

log = logging.getLogger("grader.jobs")
AT_WORK = ("ready", "draining")
FORGOTTEN_S = 24 * 3600.0
"""How long a worker that fell silent is still shown."""


class Beat:
    """Context manager: while it is open the worker lives, as far as others can tell."""

    def __init__(self, db: Database, settings: JobSettings, name: str, running: Callable[[], int]) -> None:
        self._db, self._settings, self._name, self._running = db, settings, name, running
        self._token = uuid.uuid4().hex
        self._state, self._reason = "starting", ""
        self._over, self._lock = threading.Event(), threading.Lock()
        self._unbroken_since: float | None = None
        self._last = 0.0
        self._thread = threading.Thread(target=self._go_on, name="beat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._once("gone", "")

    def now_is(self, state: str, reason: str = "") -> None:
        """Change what others see, at once where the database answers. States: starting, ready, waiting, draining."""
        if (state, reason) != (self._state, self._reason):
            log.info(state, extra={"facts": {"worker": self._name, **({"reason": reason} if reason else {})}})
            self._state, self._reason = state, reason
            self._once(state, reason)

    @property
    def may_judge(self) -> bool:
        """Whether this worker may call others lost: only after it was itself heard without a gap for as long as they would have been.

        Else the first to wake after an outage of the database, or of the machine, would take everybody's jobs away.
        """
        since = self._unbroken_since
        return since is not None and time.monotonic() - since >= self._settings.lost_after_s

    def at_work(self) -> set[str]:
        """The names of all workers that live and have work in hand; the others' work is anybody's."""
        with self._db.reading() as connection:
            fresh = worker.c.beat >= self._db.now() - self._settings.lost_after_s
            return set(connection.execute(sa.select(worker.c.name).where(fresh, worker.c.state.in_(AT_WORK))).scalars())

    def _go_on(self) -> None:
        while not self._over.is_set():
            self._once(self._state, self._reason)
            self._over.wait(self._settings.heartbeat_s)

    def _once(self, state: str, reason: str) -> None:
        with self._lock:
            self._write_or_say(state, reason)

    def _write_or_say(self, state: str, reason: str) -> None:
        gap = time.monotonic() - self._last
        if self._unbroken_since is None or gap > 3 * self._settings.heartbeat_s + 1.0:
            self._unbroken_since = time.monotonic()
        try:
            self._write(state, reason)
            self._last = time.monotonic()
        except UnavailableError as error:
            self._unbroken_since = None
            log.warning("no sign of life", extra={"facts": {"worker": self._name, "reason": str(error)}})

    def _write(self, state: str, reason: str) -> None:
        values = {
            "token": self._token, "state": state, "reason": reason, "running": self._running(), "capacity": self._settings.worker_jobs,
            "beat": self._db.now(),
        }  # fmt: skip
        with self._db.transaction() as connection:
            if connection.execute(sa.update(worker).where(worker.c.name == self._name).values(**values)).rowcount == 0:
                connection.execute(sa.insert(worker).values(name=self._name, started=self._db.now(), **values))
            connection.execute(sa.delete(worker).where(worker.c.beat < self._db.now() - FORGOTTEN_S))
