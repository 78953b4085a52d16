"""The machine that measures: its fingerprint, who uses which core, and the measurement slot that one grading holds at a time.

A slot is a pair of disjoint core sets, one for the candidate and one for the load generator (and for everything else of ours).
Slots are locked host-wide by flock, so that two gradings never measure on the same cores; the kernel frees the lock when its holder dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import resource
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from grader.schema.causes import Trouble
from grader.schema.evidence import Host
from harness.sandbox.limits import Cores, choose_cores
from harness.sandbox.usage import cgroup_version

TICKS = os.sysconf("SC_CLK_TCK")
LOCK_FOLDERS = (Path("/run/lock"), Path("/tmp"))
RETRY_S = 0.2
KTHREADD = "2"
"""Parent of all kernel threads."""


@dataclass(frozen=True)
class CoreTimes:
    """Seconds since boot, summed over some cores. `busy_s` is what tasks used, `kernel_s` what kernel threads used on any core.

    Interrupt time is left out: the packets that a candidate's own traffic causes are handled on its core, outside its accounting.
    """

    busy_s: float
    steal_s: float
    at: float
    cores: int
    kernel_s: float = 0.0


@dataclass(frozen=True)
class Slot:
    """One measurement slot: its number on this host, and who runs where."""

    number: int
    cores: Cores


def fingerprint(engine: str) -> Host:
    """The host as the manifest shows it. `engine` is the container engine's version. No host name."""
    return Host(
        cores=os.cpu_count() or 1,
        memory_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        kernel=platform.release(),
        engine=engine,
        cgroup=cgroup_version(),
        python=platform.python_version(),
    )


def own_peak_mib() -> float:
    """Peak resident memory of this process. Not ru_maxrss, which a child inherits from whoever started it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def core_times(cores: Sequence[int], stat: Path = Path("/proc/stat")) -> CoreTimes:
    """Read the accounting of `cores`. Granularity: one clock tick (10 ms) per core."""
    wanted = {f"cpu{core}" for core in cores}
    busy = steal = 0
    for line in stat.read_text().splitlines():
        name, *values = line.split()
        if name in wanted:
            ticks = [int(value) for value in values]
            busy += ticks[0] + ticks[1] + ticks[2]
            steal += ticks[7] if len(ticks) > 7 else 0
    return CoreTimes(busy / TICKS, steal / TICKS, monotonic(), len(wanted), kernel_threads_s())


def between(before: CoreTimes, after: CoreTimes, at: float) -> CoreTimes:
    """The account at a moment between two readings, as if the core had been equally busy throughout."""
    part = min(1.0, max(0.0, (at - before.at) / (after.at - before.at))) if after.at > before.at else 0.0

    def mix(a: float, b: float) -> float:
        return a + part * (b - a)

    return CoreTimes(
        mix(before.busy_s, after.busy_s), mix(before.steal_s, after.steal_s), mix(before.at, after.at), before.cores,
        mix(before.kernel_s, after.kernel_s),
    )  # fmt: skip


def kernel_threads_s(proc: Path = Path("/proc")) -> float:
    """CPU seconds of all kernel threads: what they do may be the candidate's bidding (writing back after its sync), and is nobody's noise."""
    ticks = 0
    for entry in os.listdir(proc):  # noqa: PTH208 - numbers, not paths
        if not entry.isdigit():
            continue
        try:
            words = (proc / entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if words[1] == KTHREADD:
            ticks += int(words[12])
    return ticks / TICKS


def shares(before: CoreTimes, after: CoreTimes, own_cpu_s: float) -> tuple[float, float]:
    """(others, steal) as shares of the cores' time between two readings, where `own_cpu_s` is what the candidate used itself.

    The sum over kernel threads goes down when one ends; that is nobody's work.
    """
    wall = max(1e-9, (after.at - before.at) * after.cores)
    others = max(0.0, after.busy_s - before.busy_s - own_cpu_s - max(0.0, after.kernel_s - before.kernel_s)) / wall
    return min(1.0, others), min(1.0, max(0.0, after.steal_s - before.steal_s) / wall)


def slots(cores: Sequence[int] | None = None) -> list[Slot]:
    """The slots of this machine: neighbouring usable cores in pairs; with fewer than four cores there is one slot."""
    usable = sorted(cores if cores is not None else os.sched_getaffinity(0))
    if len(usable) < 4:
        return [Slot(0, choose_cores(usable))]
    return [Slot(k, choose_cores(usable[2 * k : 2 * k + 2])) for k in range(len(usable) // 2)]


def our_cores(places: Sequence[Slot]) -> Cores:
    """The cores on which no candidate of any slot is measured, for all work that is done without holding a slot."""
    ours = sorted({core for slot in places for core in slot.cores.ours})
    return Cores(places[0].cores.candidate, tuple(ours), places[0].cores.note)


@contextlib.contextmanager
def off_measured_cores(places: Sequence[Slot]) -> Iterator[None]:
    """Keep this process off the cores on which other gradings may be measuring, for the `with` block."""
    with _confined(set(our_cores(places).ours)):
        yield


@contextlib.contextmanager
def hold_slot(
    wait_s: float = 0.0, *, confine: bool = True, folder: Path | None = None, places: Sequence[Slot] | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> Iterator[Slot]:  # fmt: skip
    """Hold a free measurement slot for the `with` block, waiting up to `wait_s` seconds for one; `waiting` is told once when it must.

    With `confine` this process stays off the candidate's cores meanwhile. `places` are this machine's slots where the process is
    confined already. Raises Trouble("host_noisy") when all slots stay taken.
    """
    places, deadline, told = places or slots(), monotonic() + wait_s, False
    while True:
        for slot in places:
            with _locked(slot.number, folder or _lock_folder()) as held:
                if not held:
                    continue
                with _confined(os.sched_getaffinity(0) - set(slot.cores.candidate)) if confine else contextlib.nullcontext():
                    yield slot
                return
        if monotonic() >= deadline:
            raise Trouble("host_noisy", f"all {len(places)} measurement slots of this host are taken by other gradings")
        if not told:
            waiting()
            told = True
        sleep(RETRY_S)  # flock cannot wait for the first of several locks


def _lock_folder() -> Path:
    return next(folder for folder in LOCK_FOLDERS if folder.is_dir() and os.access(folder, os.W_OK))


@contextlib.contextmanager
def _locked(number: int, folder: Path) -> Iterator[bool]:
    path = folder / f"ml-takehome-grader-slot-{number}"
    handle = _open(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    """Open without O_CREAT first: in a sticky folder the kernel refuses O_CREAT on another user's file."""
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with contextlib.suppress(FileExistsError):
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


@contextlib.contextmanager
def _confined(allowed: set[int]) -> Iterator[None]:
    """Keep every thread of this process on these cores (affinity is per thread; new ones inherit it). None of them usable: no change."""
    before = os.sched_getaffinity(0)
    _set_affinity(allowed & before or before)
    try:
        yield
    finally:
        _set_affinity(before)


def _set_affinity(cores: set[int]) -> None:
    """All threads, also one that a thread not yet reached starts meanwhile."""
    done: set[str] = set()
    while fresh := set(os.listdir("/proc/self/task")) - done:  # noqa: PTH208 - names of threads, not paths
        for task in fresh:
            with contextlib.suppress(ProcessLookupError):  # a thread that ended meanwhile
                os.sched_setaffinity(int(task), cores)
        done |= fresh
