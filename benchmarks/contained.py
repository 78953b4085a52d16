"""One of the benchmark's servers inside a container that is bound like a candidate's: its core, its CPU quota, accounting from its cgroup."""

from __future__ import annotations

import socket
import time
import uuid
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from docker.types import Mount

from benchmarks.bench import ROOT
from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from harness.image.base import ensure_sidecar_image
from harness.sandbox import engine, owner
from harness.sandbox.limits import Cores, control_flags
from harness.sandbox.teardown import undo
from harness.sandbox.usage import Meter, Usage

PORT = 8090
BOOT_S = 20.0
POLL_S = 0.05


class Contained:
    """Context manager; a load target like a candidate. Raises Trouble where no Docker Engine answers or nothing listens in time."""

    port = PORT

    def __init__(self, name: str, limits: Limits, cores: Cores, *arguments: str) -> None:
        self._command = ["python3", "-m", f"benchmarks.servers.{name}", *arguments, "0.0.0.0", str(PORT)]
        self._limits, self._cores = limits, cores
        self._stack = ExitStack()
        self.ip = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            client = stack.enter_context(closing(engine.connect()))
            flags = control_flags(self._limits, self._cores)
            self._container = client.containers.create(
                ensure_sidecar_image(client), self._command, labels=owner.labels(uuid.uuid4().hex[:12]), stdin_open=True, working_dir="/opt",
                mounts=[Mount("/opt/benchmarks", str(ROOT / "benchmarks"), type="bind", read_only=True)], **flags,
            )  # fmt: skip
            undo(stack, "the benchmark's container", lambda: self._container.remove(force=True, v=True))
            self._container.start()
            self._container.reload()
            self.ip = _address(self._container.attrs)
            self._pid, self._meter = int(self._container.attrs["State"]["Pid"]), Meter(self._container)
            self._await()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def usage(self) -> Usage:
        return self._meter.read(self._pid)

    def _await(self) -> None:
        deadline = time.monotonic() + BOOT_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection((self.ip, PORT), 1.0).close()
            except OSError:
                time.sleep(POLL_S)
            else:
                return
        raise Trouble("sidecar_down", f"the benchmark's server did not listen: {self._container.logs()[-200:].decode(errors='replace').strip()}")


def _address(attributes: dict[str, dict[str, dict[str, dict[str, str]]]]) -> str:
    networks = attributes["NetworkSettings"]["Networks"]
    return next((str(network["IPAddress"]) for network in networks.values() if network["IPAddress"]), "")
