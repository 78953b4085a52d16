"""What an action costs the host: run in a process of its own, with the memory of that process and of every process that it starts.

Memory is a high-water mark of the kernel's (VmHWM), reset before the action, so that a short peak counts and other work on this host does not.
"""

from __future__ import annotations

import multiprocessing
import resource
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MIB = 1 << 20
LIMIT_MIB = 64
"""What containing any attack may cost this host."""
SAMPLE_S = 0.004
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pytest", "harness.source.clone", "harness.source.probes", "harness.telemetry.scraper", "grader.run.request"])
_SELF = Path("/proc/self/exe").readlink()


@dataclass(frozen=True)
class Cost:
    """`own_mib`: growth of the acting process. `children_mib`: the most that all processes it started held at one time. CPU is of them all."""

    wall_s: float
    cpu_s: float
    own_mib: float
    children_mib: float

    @property
    def mib(self) -> float:
        return self.own_mib + self.children_mib

    def __str__(self) -> str:
        return f"{self.wall_s:.2f} s, CPU {self.cpu_s:.2f} s, +{self.own_mib:.0f} MiB and {self.children_mib:.0f} MiB in child processes"


@dataclass(frozen=True)
class Outcome:
    """What the action returned, or the error that it raised as (class name, cause or None, text)."""

    value: Any
    error: tuple[str, str | None, str] | None
    cost: Cost


def measured(action: Callable[..., Any], *arguments: Any, **named: Any) -> Outcome:
    """Run a module-level function in a process forked from a clean one. What it returns must be small and must pickle."""
    here, there = multiprocessing.Pipe()
    process = _CONTEXT.Process(target=_act, args=(there, action, arguments, named))
    process.start()
    there.close()
    try:
        return here.recv()  # type: ignore[no-any-return]
    finally:
        process.join()


def _act(answer: Connection, action: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    value, error = None, None
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    began, cpu = time.monotonic(), _cpu()
    with _Watch() as watch:
        try:
            value = action(*arguments, **named)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is what the test asks for
            error = (type(raised).__name__, getattr(raised, "cause", None), str(raised) or traceback.format_exc())
    wall, cpu = time.monotonic() - began, _cpu() - cpu
    peak = memory("VmHWM")
    answer.send(Outcome(value, error, Cost(wall, cpu, (peak - before) / MIB, max(watch.most, _largest_child(peak)) / MIB)))


def _largest_child(own: int) -> int:
    """Bytes of the largest child that ended. A child inherits the mark of whoever started it: one no larger than our own says nothing."""
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    return largest if largest > own else 0


class _Watch:
    """The most memory that the descendants of this process hold together, looked at every few milliseconds."""

    most = 0

    def __enter__(self) -> _Watch:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self.most = max(self.most, sum(memory("RssAnon", pid) + memory("RssShmem", pid) for pid in _descendants("self")))


def _descendants(pid: str) -> list[str]:
    found: list[str] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if Path(f"/proc/{child}/exe").readlink() != _SELF:  # else it is about to become another program, on our memory
                    found += [child, *_descendants(child)]
    except OSError:
        pass  # it ended meanwhile
    return found


def memory(name: str, pid: str = "self") -> int:
    """Bytes, 0 for a process that ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:")), 0)


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
