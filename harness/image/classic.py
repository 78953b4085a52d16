"""The engine's classic builder, the only one that honours memory and core limits."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from harness.image.context import Staged
from harness.image.watch import BuildLog
from harness.sandbox.engine import connect, forget_logins, translate
from harness.text import one_line

CPU_SHARES = 64
"""Of the 1024 that any other container has: a build gives way to the sidecars and the generator of a grading that measures beside it."""
_STEP = re.compile(r"^Step (\d+)/(\d+) : (.*)$", re.S)
_LAYER = re.compile(r"^ ---> ([0-9a-f]{12})\s*$")


@dataclass
class Outcome:
    """What the builder said. `error` is the engine's own error message, never candidate output."""

    image: str | None = None
    error: str | None = None
    step: int = 0
    begun: bool = False
    steps: int = 0
    cached_steps: int = 0
    layers: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    """Layers of steps that have ended, which this build made itself, and neither found in the cache nor started from."""
    makes: bool = False
    latest: str = ""
    closed_early: bool = False


class ClassicBuild:
    """One build over a connection of its own, so that closing it ends this build and nothing else."""

    name = "classic"

    def __init__(
        self, staged: Staged, network: str, labels: Mapping[str, str], tag: str, limits: Limits, cpuset: str | None, cgroup: str = ""
    ) -> None:
        self._staged, self._network, self._labels, self._tag = staged, network, labels, tag
        memory = limits.build_memory_mib << 20
        # Only these four keys exist; any other makes docker-py complain about an invalid tag.
        self._limits: Any = {"memory": memory, "memswap": memory, "cpushares": CPU_SHARES} | ({"cpusetcpus": cpuset} if cpuset else {})
        self._cgroup = cgroup
        self._silence_s = int(limits.build_timeout_s) + 60  # the watch is the deadline; this one only ends a wedged engine
        self._response: requests.Response | None = None
        self._stopped = threading.Event()
        self._outcome = Outcome()
        self._sizes: dict[str, int] = {}

    def stop(self) -> None:
        """End the build by shutting down its connection; the engine cancels within a fraction of a second."""
        self._stopped.set()
        if self._response is not None:
            with suppress(ValueError, RuntimeError, OSError):
                self._response.raw.shutdown()  # wakes the reader, which then closes: the engine cancels on the close only

    def run(self, log: BuildLog) -> Outcome:
        """Build and return the outcome. Raises Trouble(engine_lost, ...) when the connection breaks and nobody stopped it."""
        outcome = self._outcome
        with _own_client() as client:
            client.api.hooks["response"].append(self._remember)
            if self._cgroup:
                client.api.params = {"cgroupparent": self._cgroup}  # the engine knows it, docker-py's build() does not
            try:
                for event in self._events(client):
                    _take(event, outcome, log)
                    if self._stopped.is_set():
                        break
            except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if isinstance(error, APIError) and error.response is not None and error.response.status_code in (400, 500):
                    outcome.error = str(error.explanation)
                elif not self._stopped.is_set():
                    raise translate(error) from error
            finally:
                if self._response is not None:
                    self._response.close()
        if outcome.error is not None:
            outcome.image = None
        outcome.closed_early = outcome.image is None and outcome.error is None
        if outcome.closed_early and not self._stopped.is_set():
            raise Trouble("engine_lost", "the engine ended the build's connection without a result")
        return outcome

    def bytes_made(self) -> int:
        """What the steps that have ended have written, by the engine's account of their layers; over a connection of its own, for the watch."""
        new = [layer for layer in list(self._outcome.made) if layer not in self._sizes]
        with suppress(DockerException, requests.RequestException, Trouble), _own_client() as client:
            for layer in new:
                image = client.images.get(layer).attrs
                parent = client.images.get(image["Parent"]).attrs["Size"] if image.get("Parent") else 0
                self._sizes[layer] = max(0, int(image["Size"]) - int(parent))
        return sum(self._sizes.values())

    def _remember(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._response = response
        if self._stopped.is_set():
            self.stop()

    def _events(self, client: docker.DockerClient) -> Iterator[dict[str, Any]]:
        yield from client.api.build(
            fileobj=self._staged.tar, custom_context=True, dockerfile=self._staged.dockerfile, tag=self._tag, labels=dict(self._labels),
            rm=True, forcerm=True, pull=False, decode=True, timeout=self._silence_s, network_mode=self._network,
            container_limits=self._limits, use_config_proxy=False,
        )  # fmt: skip


@contextmanager
def _own_client() -> Iterator[docker.DockerClient]:
    client = connect()
    forget_logins(client)
    try:
        yield client
    finally:
        client.close()


def _take(event: dict[str, Any], outcome: Outcome, log: BuildLog) -> None:
    text = event.get("stream")
    if isinstance(text, str):
        _take_line(text, outcome, log)
        log.write(text)
    if isinstance(event.get("error"), str):
        outcome.error = event["error"]
        log.write(event["error"] + "\n")
    aux = event.get("aux")
    if isinstance(aux, dict) and isinstance(aux.get("ID"), str):
        outcome.image = aux["ID"]


def _take_line(text: str, outcome: Outcome, log: BuildLog) -> None:
    """The engine's own lines come one per event; what a step prints may imitate them, so only the expected next one counts."""
    step = _STEP.match(text)
    if not text.strip():
        return
    if step and int(step[1]) == outcome.step + 1:
        outcome.step += 1
        outcome.image = None  # the end of a stage gives an image too; only that of the last one is the submission's
        outcome.begun = not step[3].startswith(("FROM ", "LABEL org.grader"))
        outcome.made += [outcome.latest] if outcome.latest else []
        outcome.makes, outcome.latest = outcome.begun, ""
        outcome.steps += outcome.begun
        log.step = f"step {step[1]}/{step[2]}: {one_line(step[3], 160)}"
        return
    if outcome.begun:
        outcome.begun = False
        cached = text.startswith(" ---> Using cache")
        outcome.cached_steps += cached
        outcome.makes = not cached
    elif layer := _LAYER.match(text):
        outcome.layers.append(layer[1])
    if outcome.makes and (layer := _LAYER.match(text)):
        outcome.latest = layer[1]  # a step may print as many as it likes; the engine's own is the last before the next step
