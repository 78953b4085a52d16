"""Prove by trying that the run's network is closed: internet, metadata service, host, sibling containers, names.

"Unreachable" proves something only where a listener was there to be reached, so host and sibling get canaries of ours that are first
shown to answer to the host itself; and the probe counts only if, at the same time, it reaches what it may reach.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import docker
import requests
from docker.errors import DockerException

from grader.schema.causes import Trouble
from grader.schema.evidence import IsolationProbe
from harness.sandbox.network import Network
from harness.sandbox.sidecar import Sidecar
from harness.text import one_line

TCP_S = 0.6
"""Everything asked is at most one bridge away."""
DNS_S = 4.0
CONTROL = "control"
SIBLING_PORT = 9093


@dataclass(frozen=True)
class Target:
    """One thing to try. `untested` says why an attempt would prove nothing."""

    name: str
    kind: str
    address: str
    port: int
    untested: str = ""

    @property
    def row(self) -> list[object]:
        return [self.name, self.kind, self.address, self.port, TCP_S if self.kind == "tcp" else DNS_S]


def probe(
    client: docker.DockerClient, inside: Sidecar, network: Network, sibling_flags: Mapping[str, Any], labels: Mapping[str, str]
) -> list[IsolationProbe]:
    """Try all targets from inside of the network. Takes about as long as the slowest name lookup fails (1 s)."""
    with ExitStack() as stack:
        targets = [
            Target("internet address", "tcp", "1.1.1.1", 443),
            Target("internet name", "dns", "example.com", 0),
            Target("metadata service", "tcp", "169.254.169.254", 80),
            _host_canary(stack, "host service on the network's gateway", network.gateway),
            *_other_host_services(stack),
            _sibling(stack, Sidecar(client, inside.image, "alert_receiver", sibling_flags, labels)),
        ]
        return _outcomes(targets, _attempt(inside, [t for t in targets if not t.untested]))


def lookup(inside: Sidecar, name: str) -> tuple[bool, str]:
    """Whether a name resolves inside of the network, and what was said. Names that do not take at most a second."""
    return _reach(inside, [Target(name, "dns", name, 0)])[name]


def store_reached(inside: Sidecar) -> tuple[bool, str]:
    """Whether a container on the run's network reaches the feature store by its name, and what was said."""
    return _attempt(inside, [])[CONTROL]


def _attempt(inside: Sidecar, targets: list[Target]) -> dict[str, tuple[bool, str]]:
    return _reach(inside, [Target(CONTROL, "tcp", "feature-store", 8080), *targets])


def _reach(inside: Sidecar, targets: list[Target]) -> dict[str, tuple[bool, str]]:
    output = inside.run("reach", json.dumps([target.row for target in targets]))
    return {name: (reached, f"{detail} ({seconds:.2f} s)") for name, reached, detail, seconds in json.loads(output)}


def _outcomes(targets: list[Target], found: dict[str, tuple[bool, str]]) -> list[IsolationProbe]:
    control, said = found[CONTROL]
    void = "" if control else f"the probe did not even reach the feature store: {said}"
    probes: list[IsolationProbe] = []
    for target in targets:
        why = target.untested or void
        reached, detail = (False, f"not tested: {why}") if why else found[target.name]
        probes.append(IsolationProbe(target=target.name, reachable=reached, detail=detail))
    return probes


def _host_canary(stack: ExitStack, name: str, address: str) -> Target:
    """A listener of ours on one address of the host."""
    try:
        canary = stack.enter_context(socket.create_server((address, 0), backlog=16))
    except OSError as error:
        return Target(name, "tcp", address, 0, f"no listener could be opened there: {error.strerror}")
    port = int(canary.getsockname()[1])
    return Target(name, "tcp", address, port, _silent(address, port))


def _other_host_services(stack: ExitStack) -> list[Target]:
    """The host's address on its own network, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        try:
            ask.connect(("192.0.2.1", 9))  # sends nothing; names the address of the default route
        except OSError:
            return []
        address = str(ask.getsockname()[0])
    return [_host_canary(stack, "host service on its own address", address)]


def _sibling(stack: ExitStack, sidecar: Sidecar) -> Target:
    """A container that listens on the engine's default network, as other work on this host would."""
    name = "container on another network"
    try:
        stack.enter_context(sidecar)
        sidecar.ask("stats")  # it listens before it answers
        sidecar.container.reload()
        networks = sidecar.container.attrs["NetworkSettings"]["Networks"]
        address = next((n["IPAddress"] for n in networks.values() if n.get("IPAddress")), "")
    except (DockerException, requests.RequestException, Trouble) as error:
        return Target(name, "tcp", "", 0, f"no container could be started there: {one_line(str(error), 120)}")
    if not address:
        return Target(name, "tcp", "", 0, "the engine has no default network")
    return Target(name, "tcp", address, SIBLING_PORT, _silent(address, SIBLING_PORT))


def _silent(address: str, port: int) -> str:
    """Why a canary proves nothing: "" when it answers to the host."""
    try:
        socket.create_connection((address, port), timeout=1.0).close()
    except OSError as error:
        return f"the canary does not answer even to the host: {error.strerror or error}"
    return ""
