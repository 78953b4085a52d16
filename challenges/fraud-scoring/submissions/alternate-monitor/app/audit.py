"""The audit trail: JSON lines on the data volume, written by a thread every 50 ms, so that a stalled volume delays no answer."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path

from prometheus_client import Counter

from scoring.logs import Throttle

LOG = logging.getLogger("app.audit")
EVERY = 0.05
LONGEST_QUEUE = 20_000
MIB = 1024 * 1024


class Audit:
    """At most `(kept + 1) * max_bytes` on disk: `path` and its forerunners `path.1` (newest) to `path.<kept>`."""

    def __init__(self, path: Path, lost: Counter, max_bytes: int = 48 * MIB, kept: int = 2) -> None:
        self.path, self.lost, self.max_bytes, self.kept = path, lost, max_bytes, kept
        self.queue: deque[bytes] = deque()
        self._complaints = Throttle(2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued and end."""
        self._stop.set()
        self._thread.join(3.0)

    def append(self, line: bytes) -> None:
        if len(self.queue) < LONGEST_QUEUE:
            self.queue.append(line)
        else:
            self.lost.inc()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """A full or missing volume costs these lines, never the service."""
        lines = [self.queue.popleft() for _ in range(len(self.queue))]
        if not lines:
            return
        try:
            self._write(b"\n".join(lines) + b"\n")
        except OSError as error:
            self.lost.inc(len(lines))
            if self._complaints.admit():  # a full volume fails twenty times a second; the counter says how much, the log only that
                left_out = self._complaints.take_left_out()
                LOG.error("audit trail cannot be written", extra={"error": error.strerror, "lines": len(lines), "lines_left_out": left_out})

    def _write(self, text: bytes) -> None:
        if self.path.exists() and self.path.stat().st_size + len(text) > self.max_bytes:
            for age in range(self.kept, 0, -1):
                newer = self.path.with_name(f"{self.path.name}.{age - 1}") if age > 1 else self.path
                if newer.exists():
                    newer.replace(self.path.with_name(f"{self.path.name}.{age}"))
        with self.path.open("ab") as file:
            file.write(text)
