"""Our own containers on a run's network: the feature store and the alert receiver, with what the harness may ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import DockerException
from docker.models.containers import Container

from grader.schema.causes import Trouble
from harness.sandbox.channel import Channel
from harness.sandbox.engine import translate
from harness.sandbox.network import Network
from harness.sandbox.teardown import undo
from harness.sandbox.usage import Meter, Usage
from harness.text import one_line

ENGINE_ERRORS = (DockerException, requests.RequestException)
LOAD_BATCH = 2000
"""Customers per command: about 300 KiB per line."""


@dataclass(frozen=True)
class ReceivedAlert:
    """One alert as it arrived. `at_monotonic` is CLOCK_MONOTONIC seconds, comparable with the host's."""

    name: str
    status: str
    labels: dict[str, str]
    at_monotonic: float
    sequence: int = 0
    source: str = "webhook"
    text: str = ""


class Sidecar:
    """One container of ours with a control line; on the run's network under a name, or wherever `flags` put it."""

    def __init__(self, client: docker.DockerClient, image: str, module: str, flags: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        self.client, self.image, self.module = client, image, module
        self.flags, self.labels = dict(flags), dict(labels)
        self._container: Container | None = None
        self._channel: Channel | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Sidecar:
        self._container = self.client.containers.create(
            self.image, ["python3", "-u", "-m", f"sidecars.{self.module}"], labels=self.labels, stdin_open=True, working_dir="/opt", **self.flags
        )
        undo(self._stack, self.module, lambda: self.container.remove(force=True, v=True))  # force kills: nothing of ours needs to drain
        try:
            self._channel = Channel(self._container, self.module)
            self._stack.callback(self._channel.close)
            self._container.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def container(self) -> Container:
        assert self._container is not None, f"{self.module} is not entered"
        return self._container

    def ask(self, op: str, timeout_s: float = 5.0, **params: Any) -> dict[str, Any]:
        """One command over the control line. Raises Trouble("sidecar_down")."""
        assert self._channel is not None, f"{self.module} is not entered"
        return self._channel.ask(op, timeout_s, **params)

    def run(self, module: str, *arguments: str) -> bytes:
        """Run another of our modules beside it, in its container; what it printed. Raises Trouble("sidecar_down")."""
        try:
            done = self.container.exec_run(["python3", "-m", f"sidecars.{module}", *arguments], workdir="/opt")
        except ENGINE_ERRORS as error:
            raise translate(error) from error
        output = done.output if isinstance(done.output, bytes) else b""
        if done.exit_code != 0:
            raise Trouble("sidecar_down", f"{module} in the {self.module} ended with {done.exit_code}: {one_line(output)}")
        return output


def on_network(client: docker.DockerClient, network: Network, name: str, address: str) -> dict[str, Any]:
    """Keyword arguments of `containers.create` that place a container on the network under a pinned IP and a DNS name."""
    aliases = [name] if name else None
    return {
        "network": network.name,
        "networking_config": {network.name: client.api.create_endpoint_config(ipv4_address=address, aliases=aliases)},
    }


class FeatureStore:
    """What the harness asks of the feature store. Modes and parameters: harness/sidecars/feature_store.py."""

    def __init__(self, sidecar: Sidecar, network: Network, name: str, address: str) -> None:
        self._sidecar, self._network, self.name, self._address = sidecar, network, name, address
        self._pid = 0

    @property
    def container_id(self) -> str:
        return str(self._sidecar.container.id)

    def waited_s(self) -> float | None:
        """Seconds since its start in which its process was ready to run and had no core (schedstat); None where this host does not tell."""
        if not self._pid:
            self._sidecar.container.reload()
            self._pid = int(self._sidecar.container.attrs["State"]["Pid"])
        try:
            return int(Path(f"/proc/{self._pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return None

    def leave_network(self) -> None:
        """Its name vanishes, its address falls silent; the control line does not pass through the network and goes on."""
        try:
            self._network.engine.disconnect(self._sidecar.container, force=True)
        except ENGINE_ERRORS as error:
            raise translate(error) from error

    def join_network(self) -> None:
        """Undo `leave_network`: the same name and the same address."""
        try:
            self._network.engine.connect(self._sidecar.container, ipv4_address=self._address, aliases=[self.name])
        except ENGINE_ERRORS as error:
            raise translate(error) from error

    @property
    def id(self) -> str:
        return str(self._sidecar.container.id)

    def load(self, features: Mapping[str, Mapping[str, object]]) -> None:
        """Add customers (id -> answer fields without the id)."""
        items = list(features.items())
        for start in range(0, len(items), LOAD_BATCH):
            self._sidecar.ask("load", customers={key: dict(value) for key, value in items[start : start + LOAD_BATCH]})

    def set_mode(self, mode: str, **params: object) -> float:
        """Switch; returns the CLOCK_MONOTONIC time from which the mode holds."""
        return float(self._sidecar.ask("mode", mode=mode, params=params)["since"])

    def hits(self, mode: str | None = None) -> int:
        """Requests so far, of all modes or of one."""
        found: dict[str, int] = self._sidecar.ask("stats")["hits"]
        return sum(found.values()) if mode is None else found[mode]

    def met(self) -> dict[str, int]:
        """Requests so far that met each face of the modes `flap` (flap_down, flap_up) and `auth` (auth_rejected, auth_accepted)."""
        found: dict[str, int] = self._sidecar.ask("stats")["met"]
        return found

    @property
    def mode(self) -> str:
        return str(self._sidecar.ask("stats")["mode"])


class ControlServer:
    """The control container as a target of load: its address and what it used."""

    port = 8080

    def __init__(self, sidecar: Sidecar, ip: str) -> None:
        self._container, self.ip = sidecar.container, ip
        self._meter = Meter(self._container)

    @property
    def id(self) -> str:
        return str(self._container.id)

    def usage(self) -> Usage:
        self._container.reload()
        return self._meter.read(int(self._container.attrs["State"]["Pid"]))


class AlertReceiver:
    """What the harness asks of the alert receiver."""

    def __init__(self, sidecar: Sidecar, ip: str = "", port: int = 9093) -> None:
        self._sidecar, self._ip, self._port = sidecar, ip, port

    def expect(self, token: str) -> str:
        """Take notifications of our own Alertmanager from now on; returns the URL to which it must post them."""
        self._sidecar.ask("expect", token=token)
        return f"http://{self._ip}:{self._port}/alertmanager/{token}"

    def drain(self) -> list[ReceivedAlert]:
        """Take all alerts received since the last call, oldest first."""
        taken: list[ReceivedAlert] = []
        while True:
            reply = self._sidecar.ask("drain")
            taken += [
                ReceivedAlert(a["labels"]["alertname"], a["status"], a["labels"], a["at_monotonic"], a["seq"], a["source"], a["text"])
                for a in reply["alerts"]
            ]
            if not reply["left"]:
                return taken

    @property
    def rejected(self) -> int:
        """Notifications that were not Alertmanager v4; `problems` says why."""
        return int(self._sidecar.ask("stats")["rejected"])

    @property
    def problems(self) -> list[str]:
        """Why the last (at most 20) rejected notifications were refused."""
        return [str(why) for why in self._sidecar.ask("stats")["problems"]]
