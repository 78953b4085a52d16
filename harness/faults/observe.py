"""Looking at the engine's own record of a container: what proves that a fault was active, whoever injected it."""

from __future__ import annotations

import time
from typing import Any

from harness.sandbox.engine import ENGINE_ERRORS, translate
from harness.sandbox.topology import Topology


def inspect(topology: Topology, container: str) -> dict[str, Any]:
    """The engine's description. Raises the engine's Trouble."""
    try:
        found: dict[str, Any] = topology.client.api.inspect_container(container)
    except ENGINE_ERRORS as error:
        raise translate(error) from error
    return found


def connected(topology: Topology, container: str) -> bool:
    """Whether the container is on any network."""
    return bool(inspect(topology, container)["NetworkSettings"]["Networks"])


def cpu_limit(topology: Topology, container: str) -> float:
    """CPUs by the quota in force; 0 without one."""
    settings = inspect(topology, container)["HostConfig"]
    return float(settings["CpuQuota"]) / float(settings["CpuPeriod"] or 100_000)


def memory_limit_mib(topology: Topology, container: str) -> float:
    """MiB that the container may use by the limit in force; 0 without one."""
    return float(inspect(topology, container)["HostConfig"]["Memory"]) / 2**20


def signals_sent(topology: Topology, container: str, since: float) -> list[int]:
    """Signals that the engine delivered to the container since a wall-clock time (its event log)."""
    return [int(number) for number in (found.get("signal", "") for found in _events(topology, container, "kill", since)) if number.isdigit()]


def oom_kills(topology: Topology, container: str, since: float) -> int:
    """The engine's notices since a wall-clock time that the kernel killed for want of memory in the container: at least one per kill."""
    return len(_events(topology, container, "oom", since))


def _events(topology: Topology, container: str, event: str, since: float) -> list[dict[str, str]]:
    """Attributes of the container's events of one kind since a wall-clock time, oldest first."""
    try:
        period: dict[str, Any] = {"since": f"{since:.6f}", "until": f"{time.time():.6f}"}  # an end in the future would make the engine wait for it
        found = list(topology.client.events(**period, filters={"container": container, "event": event}, decode=True))
    except ENGINE_ERRORS as error:
        raise translate(error) from error
    return [entry["Actor"]["Attributes"] for entry in found if entry["timeNano"] / 1e9 >= since]
