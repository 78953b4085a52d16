"""Per worker: writes the audit trail and the shared state every 50 ms, so that a stalled volume delays records but no customer."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
from collections import deque
from pathlib import Path
from typing import Any, TypeVar

from scoring import telemetry
from scoring.logs import Throttle
from scoring.state import State

LOG = logging.getLogger("scoring.recorder")
EVERY = 0.05
LONGEST_QUEUE = 20_000
MIB = 1024 * 1024
T = TypeVar("T")


def _drain(queue: deque[T]) -> list[T]:
    return [queue.popleft() for _ in range(len(queue))]


class AuditFile:
    """JSON lines that several processes append to; at most `(kept + 1) * max_bytes` on disk."""

    def __init__(self, path: Path, max_bytes: int = 48 * MIB, kept: int = 2) -> None:
        self.path, self.max_bytes, self.kept = path, max_bytes, kept

    def append(self, lines: bytes) -> None:
        """Under a lock: no line is torn by another process, and only one of them rotates. Raises OSError."""
        while True:
            with self.path.open("ab", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self.path.exists() or not os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                    continue  # rotated by another worker while we waited
                if file.tell() + len(lines) > self.max_bytes and file.tell():
                    self._rotate()
                    continue
                view = memoryview(lines)
                while view:
                    view = view[file.write(view) :]
                return

    def _rotate(self) -> None:
        for age in range(self.kept, 1, -1):
            older = self.path.with_name(f"{self.path.name}.{age - 1}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{age}"))
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))


class Recorder:
    """Queues of one worker and the thread that empties them."""

    def __init__(self, data_dir: Path, state: State) -> None:
        self.audit_file, self.state = AuditFile(data_dir / "audit.jsonl"), state
        self.audit: deque[bytes] = deque()
        self.predictions: deque[tuple[Any, ...]] = deque()
        self.labels: deque[tuple[str, int, float]] = deque()
        self._complaints = Throttle(2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued and end."""
        self._stop.set()
        self._thread.join(5.0)

    def prediction(self, audit_line: bytes, row: tuple[Any, ...]) -> None:
        if len(self.audit) < LONGEST_QUEUE:
            self.audit.append(audit_line)
            self.predictions.append(row)
        else:
            telemetry.LOST.labels("audit").inc()

    def label(self, transaction_id: str, label: int, taken: float) -> bool:
        """False when the volume has been stuck for so long that the label cannot be kept."""
        if len(self.labels) >= LONGEST_QUEUE:
            return False
        self.labels.append((transaction_id, label, taken))
        return True

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        audit, predictions, labels = _drain(self.audit), _drain(self.predictions), _drain(self.labels)
        if audit:
            try:
                self.audit_file.append(b"\n".join(audit) + b"\n")
            except OSError as error:
                telemetry.LOST.labels("audit").inc(len(audit))
                self._complain("audit trail cannot be written", error.strerror or "", len(audit))
        if predictions or labels:
            try:
                self.state.append(predictions, labels)
            except sqlite3.Error as error:
                telemetry.LOST.labels("state").inc(len(predictions) + len(labels))
                self._complain("shared state cannot be written", str(error), len(predictions) + len(labels))

    def _complain(self, what: str, error: str, records: int) -> None:
        """A full volume fails twenty times a second; the counter says how much, the log only that."""
        if self._complaints.admit():
            LOG.error(what, extra={"error": error, "records": records, "lines_left_out": self._complaints.take_left_out()})
