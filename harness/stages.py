"""Runs stages one by one and leaves an envelope for each: its evidence, or the failure that explains its absence.

Every stage can fail alone. A failure is retried as often as the causes table allows; a stage whose ground is gone inherits the
failure it stands on, so that a report can say "not measured because the image does not build" instead of nothing.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from grader.schema.base import Model
from grader.schema.causes import CAUSES, Failure, Trouble, UsageError
from grader.schema.evidence import COLLECTORS, StageTiming
from harness.bundle import BundleWriter
from harness.progress import Progress
from harness.sandbox.engine import translate
from harness.text import clean

T = TypeVar("T")


class Clock:
    """Seconds since the run began, from the monotonic clock that traces and containers share."""

    def __init__(self) -> None:
        self.begin = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self.begin


class Stages:
    """The run's record of stages. Thread-safe, since clone, build and scan overlap."""

    def __init__(self, writer: BundleWriter, progress: Progress, clock: Clock) -> None:
        self._writer = writer
        self.progress = progress
        self._clock = clock
        self._lock = threading.Lock()
        self.failures: dict[str, Failure] = {}
        self.timings: list[StageTiming] = []
        self.defects: list[str] = []
        self._written: set[str] = set()

    def run(self, name: str, stage: Callable[[], T], *, needs: Sequence[str] = (), measured: Callable[[T], float] | None = None) -> T | None:
        """Run one stage and put its envelope (where it is a collector). None when it failed or what it needs failed.

        `measured` tells how many of its seconds were measured windows. UsageError and KeyboardInterrupt pass through.
        """
        inherited = next((self.failures[need] for need in needs if need in self.failures), None)
        if inherited is not None:
            self._put(name, None, inherited)
            return None
        start = self._clock.now()
        self.progress.started(name)
        data, failure = self._attempts(name, stage)
        seconds = self._clock.now() - start
        self._put(name, data, failure)
        done = cast("T | None", data) if failure is None else None
        windows = measured(done) if measured and done is not None else 0.0
        with self._lock:
            self.timings.append(
                StageTiming(name=name, start_s=round(start, 3), seconds=round(seconds, 3), measured_s=round(windows, 3), failure=failure)
            )
        self.progress.finished(name, seconds, failure)
        return done

    def fail(self, name: str, failure: Failure) -> None:
        """Record that a stage was not run, for a reason found elsewhere."""
        self._put(name, None, failure)

    def inherit(self, name: str, needs: Sequence[str]) -> None:
        """Give a stage that never ran the first failure among those it stands on; one that ran keeps what it has."""
        with self._lock:
            ran = name in self.failures or name in self._written
        if not ran:
            unknown = Failure(cause="upstream_missing", culprit=CAUSES["upstream_missing"].culprit, detail=name)
            self._put(name, None, next((self.failures[need] for need in needs if need in self.failures), unknown))

    def _attempts(self, name: str, stage: Callable[[], T]) -> tuple[T | Model | None, Failure | None]:
        """What a stage leaves: its data, or the failure and whatever partial data it carried."""
        tries: dict[str, int] = {}
        partial: Model | None = None
        while True:
            try:
                return stage(), None
            except UsageError:
                raise
            except Exception as error:  # noqa: BLE001 - every stage can fail alone; the cause is typed, named and kept
                failure = self.failure(f"stage {name}", error)
                partial = (error.partial if isinstance(error, Trouble) else None) or partial
            tries[failure.cause] = tries.get(failure.cause, 0) + 1
            if tries[failure.cause] > CAUSES[failure.cause].retries:
                return partial, failure
            self.progress.note(name, f"again, after {failure.cause}")

    def failure(self, where: str, error: Exception) -> Failure:
        """What an exception means. A defect of ours is kept with its traceback under `where`."""
        trouble = error if isinstance(error, Trouble) else translate(error)
        if trouble.cause == "internal_error":
            with self._lock:
                self.defects.append(f"{where}\n" + "".join(traceback.format_exception(error)))
        return Failure(cause=trouble.cause, culprit=trouble.culprit, detail=clean(trouble.detail, 2000))

    def _put(self, name: str, data: object, failure: Failure | None) -> None:
        with self._lock:
            if failure is not None:
                self.failures[name] = failure
            self._written.add(name)
            if name in COLLECTORS and (isinstance(data, Model) or failure is not None):
                self._writer.put(name, data if isinstance(data, Model) else None, failure)
