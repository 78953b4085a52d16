"""`run_worker`, the fifth function of the seam: takes jobs from the queue and grades them until it is asked to end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from grader.jobs.beat import Beat
from grader.jobs.database import Database
from grader.jobs.durable import Durable
from grader.jobs.gradings import Gradings
from grader.jobs.keeper import Keeper
from grader.jobs.model import UnavailableError
from grader.jobs.place import Place, place
from grader.jobs.ready import trouble
from grader.jobs.settings import JobSettings
from grader.jobs.store import Store

log = logging.getLogger("grader.jobs")
READY_EVERY_BEATS = 3
LEFT, CANNOT_WORK = 0, 3
"""Exit codes after a drain that was cut short: whoever restarts workers on failure need not restart one that was asked to end."""


def run_worker(settings: JobSettings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way (at most `drain_s`) and return. Main thread only.

    A second signal, or the end of the drain, leaves at once: gradings under way undo what they made, and other workers begin them anew.
    UsageError when the data folder cannot be used. A database, store or engine that is away is waited for.
    """
    with place(settings.folder) as here:
        _Worker(settings, here).work()


class _Worker:
    def __init__(self, settings: JobSettings, here: Place) -> None:
        self._settings, self._here = settings, here
        self._ending = threading.Event()
        self._db = Database(settings)
        self._checked, self._trouble = 0.0, ""

    def work(self) -> None:
        with self._signals():
            store = self._opened_store()
            if store is None:
                return
            gradings = Gradings(self._settings, self._db, store, self._here.name, self._here.scratch)
            durable = Durable(self._settings, self._here.name, gradings)
            with Beat(self._db, self._settings, self._here.name, lambda: len(durable.active)) as beat:
                keeper = Keeper(self._db, durable, beat, self._here.name, every_s=self._settings.heartbeat_s)
                while not self._ending.is_set():
                    reason = self._what_is_missing(store)
                    if reason:
                        beat.now_is("waiting", reason)
                        self._ending.wait(self._settings.poll_s)
                    else:
                        self._session(durable, keeper, beat, store)
        self._db.close()

    def _session(self, durable: Durable, keeper: Keeper, beat: Beat, store: Store) -> None:
        """Take work for as long as this host can do it."""
        try:
            self._db.migrate()
            beat.now_is("ready")  # before the first claim: nobody may take us for lost
            durable.launch()
        except UnavailableError as error:
            beat.now_is("waiting", str(error))
            self._ending.wait(self._settings.poll_s)
            return
        while not self._ending.wait(self._settings.poll_s) and not self._what_is_missing(store):
            try:
                keeper.one_pass()
            except Exception as error:  # noqa: BLE001 - the next pass does what this one could not; the worker must live
                log.warning("a pass was cut short", extra={"facts": {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}})
        beat.now_is("draining", self._trouble)
        durable.land(self._settings.drain_s)
        if durable.active:
            self._leave_at_once(beat)

    def _what_is_missing(self, store: Store) -> str:
        """Looked at every now and then; more often while something is missing."""
        every_s = self._settings.poll_s if self._trouble else READY_EVERY_BEATS * self._settings.heartbeat_s
        if time.monotonic() - self._checked >= every_s:
            self._trouble, self._checked = trouble(self._settings, store), time.monotonic()
        return self._trouble

    def _opened_store(self) -> Store | None:
        """The artifact store, waited for; None when the worker was asked to end first."""
        while not self._ending.is_set():
            try:
                return Store(self._settings.store)
            except UnavailableError as error:
                log.warning("waiting", extra={"facts": {"for": str(error)}})
                self._ending.wait(self._settings.poll_s)
        return None

    def _leave_at_once(self, beat: Beat) -> None:
        """As if killed, but telling others first that our jobs are theirs. The children notice and undo what they made."""
        with contextlib.suppress(Exception):
            beat.__exit__(None, None, None)
        log.warning("left", extra={"facts": {"worker": self._here.name}})
        os._exit(LEFT if self._ending.is_set() else CANNOT_WORK)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def asked(number: int, frame: FrameType | None) -> None:
            if self._ending.is_set():
                os._exit(1)
            self._ending.set()

        before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
