"""Posts labels when they are due, beside the measured stream: a few threads, each with a connection of its own."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType

from harness.feedback.post import KeptConnection

THREADS = 8
"""At 300 labels/s each thread has 26 ms for one; a service that takes longer gets its labels later, and the stream is not held up."""
ENOUGH = 50
"""So many first labels without a single one taken, and the service takes none."""


@dataclass(frozen=True, order=True)
class Due:
    """A label that is to be posted at a moment of CLOCK_MONOTONIC, for the row at `position`."""

    at: float
    position: int
    body: bytes


@dataclass(frozen=True)
class Posted:
    """What became of one label. `status` is None without a whole answer."""

    position: int
    status: int | None
    at: float

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Labels:
    """Context manager around the threads. Leaving it forgets what is not due yet."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._where = (host, port, path)
        self._waiting: list[Due] = []
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._over = False
        self._threads = [threading.Thread(target=self._work, name=f"labels-{i}", daemon=True) for i in range(THREADS)]
        self._end = 0
        self.posted: list[Posted] = []

    def __enter__(self) -> Labels:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def add(self, labels: Iterable[Due]) -> None:
        with self._changed:
            for label in labels:
                heapq.heappush(self._waiting, label)
            self._changed.notify_all()

    def forget_from(self, position: int, until: int) -> None:
        """Rows [position, until) were never sent, so they have no label."""
        with self._lock:
            self._waiting = [label for label in self._waiting if not position <= label.position < until]
            heapq.heapify(self._waiting)

    @property
    def refused(self) -> bool:
        """Enough labels were posted, and none was taken."""
        with self._lock:
            return len(self.posted) >= ENOUGH and not any(posted.taken for posted in self.posted)

    def _work(self) -> None:
        with KeptConnection(*self._where) as connection:
            while (label := self._next()) is not None:
                status = connection.post(label.body)
                with self._lock:
                    self.posted.append(Posted(label.position, status, time.monotonic()))

    def _next(self) -> Due | None:
        """The earliest label, once it is due; None when all is over. One thread at a time waits for the clock, the others for their turn."""
        with self._turn, self._changed:
            while not self._over:
                left = self._waiting[0].at - time.monotonic() if self._waiting else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._waiting)
                self._changed.wait(left)
        return None
