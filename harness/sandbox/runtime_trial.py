"""Try a runtime before a candidate runs in it: a container of ours that behaves like a service, under the candidate's flags.

A sandboxed runtime has a kernel and a network stack of its own. What it cannot do, or does slowly, would look like the candidate's doing:
a registered one that cannot start anything here, names that do not resolve in it, a network that it never gets back after a cut.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import docker
import requests
from docker.errors import DockerException

from grader.schema.causes import Trouble
from harness.sandbox import isolation
from harness.sandbox.network import Network
from harness.sandbox.sidecar import ControlServer, Sidecar
from harness.text import one_line

MOST_SLOWER = 1.5
"""Times the median of the same work in the engine's default runtime: load is judged by bars that know no runtime."""

REQUESTS = 60
ANSWER_S = 1.0
RETURN_S = 5.0


@dataclass(frozen=True)
class Verdict:
    """`unfit` says what a candidate would be blamed for, "" for nothing. `slower` is a ratio of medians, None where it was not measured."""

    unfit: str = ""
    slower: float | None = None

    @property
    def objection(self) -> str:
        """Why nobody should be graded in it who has not asked for it; "" for no reason."""
        if not self.unfit and self.slower is not None and self.slower > MOST_SLOWER:
            return f"the same work takes {self.slower:.1f} times as long in it"
        return self.unfit


def tried(
    client: docker.DockerClient, image: str, flags: Mapping[str, Any], labels: Mapping[str, str], network: Network, address: str, peer: ControlServer
) -> Verdict:
    """Start the control server under `flags`, its runtime among them, at an address of the network; `peer` does the same work in the default one.

    Takes less than a second in runc. Never raises for what the runtime does.
    """
    try:
        with Sidecar(client, image, "control_server", flags, labels) as inside:
            inside.ask("stats")
            reached, said = isolation.store_reached(inside)
            if not reached:
                return Verdict(f"the feature store is not reached from it: {said}")
            if not _answers(address, ANSWER_S):
                return Verdict("a service in it is not reached from this host")
            slower = _seconds(address) / _seconds(peer.ip)
            network.engine.disconnect(inside.container)
            network.engine.connect(inside.container, ipv4_address=address)
            if not _answers(address, RETURN_S):
                return Verdict("a container in it does not get its network back after a cut", slower)
            return Verdict(slower=slower)
    except (DockerException, requests.RequestException, Trouble, OSError, http.client.HTTPException) as error:
        return Verdict(f"a container of ours did not run in it: {one_line(str(error), 300)}")


def _answers(address: str, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with closing(http.client.HTTPConnection(address, ControlServer.port, timeout=ANSWER_S)) as connection:
            try:
                _ask(connection)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            else:
                return True
    return False


def _seconds(address: str) -> float:
    """Median of one request's time, one after another on one connection."""
    with closing(http.client.HTTPConnection(address, ControlServer.port, timeout=ANSWER_S)) as connection:
        return statistics.median(_timed(lambda: _ask(connection)) for _ in range(REQUESTS))


def _timed(step: Callable[[], None]) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def _ask(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/")
    connection.getresponse().read()
