"""What every part is given: how long, on which cores, alone in the measurement slot, and servers pinned to the candidate's core."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.schema.causes import Trouble
from harness.host import core_times, hold_slot, shares
from harness.load.windows import OTHERS_SHARE, STEAL_SHARE
from harness.sandbox.limits import Cores

ROOT = Path(__file__).resolve().parent.parent
SLOT_WAIT_S = 3600.0
BOOT_S = 20.0
WAITED_SHARE = 0.001
"""A generator that is kept off its core longer than this is late now and then; undisturbed it waits a twentieth of it."""


@dataclass(frozen=True)
class Bench:
    """The run's settings. `seconds` caps every single measurement; `lock` is held around each on a machine that several people measure on."""

    say: Callable[[str], None]
    seconds: float | None = None
    lock: Path | None = None
    graded: Path | None = None
    searches: int = 6

    def length(self, default: float) -> float:
        return default if self.seconds is None else min(default, self.seconds)

    @contextlib.contextmanager
    def measuring(self) -> Iterator[Cores]:
        """Hold the machine's measurement slot; yields who runs where. This process keeps off the candidate's cores meanwhile."""
        waiting = "waits: a grading on this machine holds the measurement slot"
        with self.locked(), hold_slot(SLOT_WAIT_S, waiting=lambda: self.say(waiting)) as slot:
            yield slot.cores

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock file alone, for what takes the slot itself."""
        if self.lock is None:
            yield
            return
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Server:
    """Context manager around one of `benchmarks.servers` as its own process on `cores`. `line` gives its further lines."""

    def __init__(self, name: str, cores: tuple[int, ...], *arguments: str) -> None:
        self._command = [sys.executable, "-m", f"benchmarks.servers.{name}", *arguments]
        self._cores = cores
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        try:
            if self._cores:
                os.sched_setaffinity(self._process.pid, self._cores)
            self.port = int(self.line(BOOT_S))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self, seconds: float) -> str:
        """The next line that the server prints, within `seconds`."""
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], seconds)
        text = self._process.stdout.readline().decode().strip() if readable else ""
        if not text:
            raise Trouble("internal_error", f"{self._command[2]} printed nothing within {seconds:.0f} s")
        return text

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class Onlookers:
    """Who else used a process' core over a `with` block, as shares of the block's time.

    `others` and `steal` come from the core's own accounting. `waited` is how long the process was ready to run and did not: exact to the
    nanosecond, and the only one of the three that makes it late, since it may have precedence over the others.
    """

    def __init__(self, core: int, pid: int) -> None:
        self._core, self._schedule = core, Path(f"/proc/{pid}/schedstat")
        self.others = self.steal = self.waited = 0.0

    def __enter__(self) -> Self:
        self._own, self._used, self._delayed = time.process_time(), *self._ns()
        self._before = core_times([self._core])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        after = core_times([self._core])
        used, delayed = self._ns()
        own = time.process_time() - self._own
        self.others, self.steal = shares(self._before, after, own + (used - self._used) / 1e9)
        self.waited = (delayed - self._delayed) / 1e9 / max(1e-9, after.at - self._before.at)

    @property
    def disturbed(self) -> bool:
        return self.others > OTHERS_SHARE or self.steal > STEAL_SHARE or self.waited > WAITED_SHARE

    def _ns(self) -> tuple[int, int]:
        """(time on a core, time ready to run without one) of the process' main thread, in nanoseconds."""
        used, delayed, _ = self._schedule.read_text().split()
        return int(used), int(delayed)


def child_running(module: str) -> int:
    """Pid of this process' child that runs `python -m module`."""
    ours = f"PPid:\t{os.getpid()}\n"
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"\0{module}\0".encode() in (path / "cmdline").read_bytes() and ours in (path / "status").read_text():
                return int(path.name)
    raise Trouble("internal_error", f"no child of this process runs {module}")
