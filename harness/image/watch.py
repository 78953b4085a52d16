"""Watches a build from the side and stops it: deadline, log size, disk, memory, cancellation. One watcher for both builders."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from harness.text import clean

POLL_S = 0.1
DISK_POLL_S = 0.5
DISK_FLOOR = 1 << 30
"""Free bytes below which a build is stopped: an engine on a full disk takes every other run down with it."""

STEP_DISK = 8 << 30
"""Bytes that one step of a build may write. Large images with a whole training stack have layers of 3 to 5 GiB."""
BUILD_DISK = 16 << 30
"""Bytes that all steps of a build may write: as many steps as a Dockerfile likes, each below its own limit, would fill any disk."""

MEMORY_FLOOR = 512 << 20
"""Available bytes of this host below which a build without a limit of memory is stopped, before the kernel chooses whom to kill."""


def available_memory() -> int | None:
    """Bytes, by the kernel's estimate; None where it gives none."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    except OSError:
        return None
    return int(found[1]) << 10 if found else None


class Watch:
    """Context manager around one build. `stop` must end the build from another thread, and may be called more than once.

    `written` and `written_before`: bytes that the running step, and the ended steps of this build, have written; asked only when the disk has
    lost that much: others may have written them.
    `unlimited`: nothing else keeps the build from taking all of the host's memory.
    After the block, `raise_if_stopped()` says why the build was ended, if it was.
    """

    def __init__(
        self, stop: Callable[[], None], limits: Limits, log: BuildLog, engine_root: str, cancel: threading.Event | None,
        written: Callable[[], int] = lambda: 0, written_before: Callable[[], int] = lambda: 0, unlimited: bool = False,
    ) -> None:  # fmt: skip
        self._written_before = written_before
        self._stop, self._limits, self._log, self._cancel, self._written = stop, limits, log, cancel, written
        self._unlimited = unlimited
        self._root = engine_root if Path(engine_root).exists() else "/"
        self._most_free = 0
        self._started = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="build-watch", daemon=True)
        self.trouble: Trouble | None = None

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def raise_if_stopped(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def _run(self) -> None:
        disk_due = 0.0
        while not self._done.wait(POLL_S):
            now = time.monotonic()
            look_at_disk = now >= disk_due
            disk_due = now + DISK_POLL_S if look_at_disk else disk_due
            self.trouble = self.trouble or self._why_stop(now - self._started, look_at_disk)
            if self.trouble is not None:
                self._stop()

    def _why_stop(self, elapsed_s: float, look_at_disk: bool) -> Trouble | None:
        if self._cancel is not None and self._cancel.is_set():
            return Trouble("interrupted", "the build was cancelled")
        if elapsed_s > self._limits.build_timeout_s:
            return Trouble("build_timeout", f"{self._log.step or 'before its first step'}, after {elapsed_s:.0f} s")
        if self._log.bytes > self._limits.build_log_kib << 10:
            return Trouble("build_log_flood", f"{self._log.step}: more than {self._limits.build_log_kib} KiB")
        return self._why_stop_for_memory() or (self._why_stop_for_disk() if look_at_disk else None)

    def _why_stop_for_memory(self) -> Trouble | None:
        """Nothing tells the build's memory from that of others: the host is named, and never the candidate."""
        if not self._unlimited or (left := available_memory()) is None or left >= MEMORY_FLOOR:
            return None
        step = self._log.step or "before its first step"
        return Trouble("memory_low", f"{left >> 20} MiB were available while BuildKit built, and a build there has no limit of memory: {step}")

    def _why_stop_for_disk(self) -> Trouble | None:
        free = shutil.disk_usage(self._root).free
        self._most_free = max(self._most_free, free)
        lost = self._most_free - free
        if lost > min(STEP_DISK, BUILD_DISK) or free < DISK_FLOOR:
            step = self._written()
            if step > STEP_DISK:
                return Trouble("build_disk_flood", f"{self._log.step}: more than {step >> 20} MiB written; a step may write {STEP_DISK >> 20} MiB")
            if (lost > BUILD_DISK or free < DISK_FLOOR) and (both := step + self._written_before()) > BUILD_DISK:
                said = f"more than {both >> 20} MiB written by all steps; a build may write {BUILD_DISK >> 20} MiB"
                return Trouble("build_disk_flood", f"{self._log.step}: {said}")
        if free < DISK_FLOOR:
            return Trouble("disk_full", f"less than {DISK_FLOOR >> 30} GiB free while building: {self._log.step}")
        return None


class BuildLog:
    """The build's output, cleaned as it comes, in a file of at most `limit` bytes; the last part also in memory."""

    TAIL = 64 << 10

    def __init__(self, path: Path, limit_kib: int) -> None:
        self._limit = limit_kib << 10
        self._file = path.open("w", encoding="utf-8")
        self._tail = ""
        self.bytes = 0
        self.step = ""

    def __enter__(self) -> BuildLog:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def write(self, text: str) -> None:
        room = self._limit - self.bytes
        self.bytes += len(text.encode("utf-8", "replace"))
        safe = clean(text[: self.TAIL], self.TAIL)
        if room > 0:
            self._file.write(safe[:room])
            self._file.flush()
        self._tail = (self._tail + safe)[-self.TAIL :]

    @property
    def tail(self) -> str:
        """The last 64 KiB at most."""
        return self._tail

    def last_lines(self, count: int = 12) -> str:
        return "\n".join(line[:300] for line in self._tail.splitlines()[-count:] if line.strip())
