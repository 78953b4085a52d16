"""Append-only JSON lines on the data volume: bounded in memory and on disk, never in the way of an answer."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from prometheus_client import Counter

LOG = logging.getLogger("fraud.journal")
FLUSH_EVERY_S = 0.05
LONGEST_QUEUE = 20_000


class Journal:
    """Lines are written by a thread every 50 ms, so a stalled disk delays entries but no customer, and a crash loses at most that much."""

    def __init__(self, path: Path, max_bytes: int, kept: int, dropped: Counter) -> None:
        """At most `(kept + 1) * max_bytes` on disk: `path` and its rotated forerunners `path.1` (newest) to `path.<kept>`."""
        self.path, self.max_bytes, self.kept = path, max_bytes, kept
        self.dropped = dropped.labels(path.stem)
        self.queue: list[str] = []
        self._broken = False

    def append(self, line: str) -> None:
        """Take one line without its newline; drops it (counted) when the disk has been stuck for long."""
        if len(self.queue) < LONGEST_QUEUE:
            self.queue.append(line)
        else:
            self.dropped.inc()

    async def run(self) -> None:
        """Flush until cancelled; call `flush` once more afterwards."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            if self.queue:
                await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        """Write what is queued. A full or missing disk costs these lines and one log line, never the service."""
        lines, self.queue = self.queue, []
        if not lines:
            return
        try:
            self._write("\n".join(lines) + "\n")
            self._broken = False
        except OSError as error:
            self.dropped.inc(len(lines))
            if not self._broken:
                LOG.error("journal %s cannot be written: %s", self.path, error.strerror)
            self._broken = True

    def _write(self, text: str) -> None:
        if self.path.exists() and self.path.stat().st_size + len(text) > self.max_bytes:
            for age in range(self.kept, 0, -1):
                older = self.path.with_name(f"{self.path.name}.{age}")
                newer = self.path.with_name(f"{self.path.name}.{age - 1}") if age > 1 else self.path
                if newer.exists():
                    os.replace(newer, older)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
