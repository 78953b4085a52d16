"""Looking at the engine's own record of a container: what proves that a fault was active, whoever injected it."""

from __future__ import annotations

import time
from typing import Any

from harness.sandbox.container import ENGINE_ERRORS
from harness.sandbox.engine import translate
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


def signals_sent(topology: Topology, container: str, since: float) -> list[int]:
    """Signals that the engine delivered to the container since a wall-clock time (its event log)."""
    try:
        period: dict[str, Any] = {"since": f"{since:.6f}", "until": f"{time.time():.6f}"}  # an end in the future would make the engine wait for it
        events = topology.client.events(**period, filters={"container": container, "event": "kill"}, decode=True)
        found = [(event["timeNano"] / 1e9, event["Actor"]["Attributes"].get("signal", "")) for event in events]
    except ENGINE_ERRORS as error:
        raise translate(error) from error
    return [int(number) for at, number in found if at >= since and number.isdigit()]
