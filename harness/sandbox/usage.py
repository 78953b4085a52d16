"""Resource accounting of one container: cgroup files on the host (v1 and v2), the engine's stats where those cannot be read."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from docker.models.containers import Container

CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Usage:
    """Counters since the container was created (they go on over restarts), and memory now.

    `memory_bytes` is what a leak would raise: anonymous memory, tmpfs and kernel memory; neither page cache nor the content of /data.
    `pid` is the main process then, 0 when there was none: where it changes, the last CPU seconds of a dead process are missing.
    `open_files` counts the descriptors of all its processes, `log_bytes` what it wrote to its log since its creation, `engine_cpu_s` the CPU
    time of the engine's own processes; None where this host does not show them. `prioritised`: its cgroup goes before ordinary work.
    """

    cpu_s: float
    throttled_s: float
    nr_throttled: int
    memory_bytes: int
    at_monotonic: float
    pid: int = 0
    open_files: int | None = None
    log_bytes: int | None = None
    engine_cpu_s: float | None = None
    prioritised: bool = False


def cgroup_version() -> Literal["v1", "v2"]:
    return "v2" if (CGROUP / "cgroup.controllers").exists() else "v1"


def cgroup_paths(pid: int) -> dict[str, Path]:
    """Controller -> folder of a host process; v2 has the one key "". Raises OSError when the process is gone or the folders are not visible."""
    found: dict[str, Path] = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if not controller.startswith("name="):
                found[controller] = CGROUP / controller / path.lstrip("/")
    needed = ["cpuacct", "cpu", "memory"] if "cpuacct" in found else [""]
    for controller in needed:
        if found[controller] == CGROUP / controller or not found[controller].is_dir():  # a process that has just died is accounted to the machine
            raise FileNotFoundError(found[controller])
    return {controller: found[controller] for controller in needed}


def read_usage(paths: dict[str, Path]) -> Usage:
    """Raises OSError when the container is not running (its cgroup is gone)."""
    return _read_v1(paths) if "cpuacct" in paths else _read_v2(paths[""])


def _table(path: Path) -> dict[str, int]:
    return {key: int(value) for key, value in (line.split() for line in path.read_text().splitlines())}


def _read_v1(paths: dict[str, Path]) -> Usage:
    cpu, memory = _table(paths["cpu"] / "cpu.stat"), _table(paths["memory"] / "memory.stat")
    used = int((paths["memory"] / "memory.usage_in_bytes").read_text())
    cache = memory.get("total_inactive_file", 0) + memory.get("total_active_file", 0)
    spent = int((paths["cpuacct"] / "cpuacct.usage").read_text())
    return Usage(spent / 1e9, cpu.get("throttled_time", 0) / 1e9, cpu.get("nr_throttled", 0), max(0, used - cache), time.monotonic())


def _read_v2(path: Path) -> Usage:
    cpu, memory = _table(path / "cpu.stat"), _table(path / "memory.stat")
    used = int((path / "memory.current").read_text())
    cache = memory.get("inactive_file", 0) + memory.get("active_file", 0)
    throttled = cpu.get("throttled_usec", 0) / 1e6
    return Usage(cpu["usage_usec"] / 1e6, throttled, cpu.get("nr_throttled", 0), max(0, used - cache), time.monotonic())


def stats_usage(container: Container) -> Usage:
    """The same by the engine's API."""
    answer = container.stats(stream=False, one_shot=True)
    found: dict[str, Any] = answer if isinstance(answer, dict) else {}
    cpu, memory = found.get("cpu_stats", {}), found.get("memory_stats", {})
    throttling, detail = cpu.get("throttling_data", {}), memory.get("stats", {})
    cache = sum(detail.get(f"total_{key}", detail.get(key, 0)) for key in ("inactive_file", "active_file"))
    return Usage(
        cpu.get("cpu_usage", {}).get("total_usage", 0) / 1e9, throttling.get("throttled_time", 0) / 1e9,
        throttling.get("throttled_periods", 0), max(0, memory.get("usage", 0) - cache), time.monotonic(),
    )  # fmt: skip


class Meter:
    """Reads one container's usage again and again; counters go on where a restart set the kernel's back to zero."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self._base = self._last = Usage(0.0, 0.0, 0, 0, 0.0)
        self._pid = 0

    def read(self, pid: int) -> Usage:
        """`pid` is the container's main process on the host; 0 when it is not running: the last counters, no memory."""
        now = self._now(pid)
        if pid and self._pid not in (0, pid):
            self._base = _add(self._base, self._last)
        self._pid, self._last = pid or self._pid, now
        return replace(_add(now, self._base), pid=pid)

    def _now(self, pid: int) -> Usage:
        if not pid:
            return replace(self._last, memory_bytes=0, at_monotonic=time.monotonic())
        try:
            return read_usage(cgroup_paths(pid))
        except (OSError, KeyError, ValueError):
            return stats_usage(self.container)


class LogMeter:
    """How much a container has logged, from the growing size of a file that the engine cuts back to nothing when it is full."""

    def __init__(self) -> None:
        self._total = 0
        self._size = 0

    def read(self, size: int | None) -> int | None:
        if size is None:
            return None
        self._total += size - self._size if size >= self._size else size
        self._size = size
        return self._total


def _add(now: Usage, base: Usage) -> Usage:
    return replace(
        now, cpu_s=now.cpu_s + base.cpu_s, throttled_s=now.throttled_s + base.throttled_s, nr_throttled=now.nr_throttled + base.nr_throttled
    )
