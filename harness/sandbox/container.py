"""The candidate's container: what the harness may do to it and see of it, all from outside."""

from __future__ import annotations

import signal as signals
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import docker
from docker.models.containers import Container

from harness.client import Client
from harness.sandbox.archive import ArchivedFile, archived_files, read_container_file
from harness.sandbox.engine import ENGINE_ERRORS, translate
from harness.sandbox.helper import Connections, Helper, Process
from harness.sandbox.limits import CPU_PERIOD_US, cpu_quota
from harness.sandbox.network import Network
from harness.sandbox.teardown import quietly
from harness.sandbox.usage import LogMeter, Meter, Usage


@dataclass(frozen=True)
class ContainerState:
    """From the engine. `running` is False while the restart policy waits; `pid` is the main process on the host, 0 when none."""

    running: bool
    paused: bool
    pid: int
    exit_code: int
    oom_killed: bool
    restart_count: int
    restarting: bool = False

    @property
    def sentence(self) -> str:
        """For people: "its container runs", or how it ended."""
        if self.running:
            return "its container is paused" if self.paused else "its container runs"
        return f"its container ended with exit code {self.exit_code}{', for its memory' if self.oom_killed else ''}"


class Candidate:
    """One container of the submission. Engine errors surface as Trouble (engine_lost, network_lost, disk_full)."""

    def __init__(
        self, client: docker.DockerClient, container: Container, network: Network, ip: str, port: int, helper: Helper, prioritised: bool = False
    ) -> None:
        self.id = str(container.id)
        self.name = str(container.name)
        self.ip, self.port = ip, port
        self.client = Client(ip, port)
        self._engine, self._container, self._network, self._helper = client, container, network, helper
        self._meter, self._log_meter = Meter(container), LogMeter()
        self._log_path, self._prioritised = "", prioritised
        self.started_at = time.monotonic()
        """CLOCK_MONOTONIC of the last `docker start` that we asked for."""
        self.removed = False

    def state(self) -> ContainerState:
        try:
            found = self._engine.api.inspect_container(self.id)
        except ENGINE_ERRORS as error:
            raise translate(error) from error
        state, self._log_path = found["State"], found.get("LogPath") or ""  # the engine names it at the first start
        return ContainerState(
            running=state["Running"] and not state["Restarting"], paused=state["Paused"], pid=state["Pid"], exit_code=state["ExitCode"],
            oom_killed=state["OOMKilled"], restart_count=found["RestartCount"], restarting=state["Restarting"],
        )  # fmt: skip

    def processes(self) -> list[Process]:
        """Processes with host pids, zombies left out."""
        return self._helper.processes(self.id)

    def listening_ports(self) -> list[int]:
        """TCP ports in LISTEN state beyond loopback."""
        return self._helper.listening_ports(self.id)

    def usage(self) -> Usage:
        """Counters go on over restarts. The content of /data is the volume's, not the process's memory, and is taken out."""
        now, seen = self._meter.read(self.state().pid), self._helper.footprint(self.id, self._log_path)
        return replace(
            now, memory_bytes=max(0, now.memory_bytes - seen.volume_bytes), open_files=seen.open_files,
            log_bytes=self._log_meter.read(seen.log_size), engine_cpu_s=seen.engine_cpu_s, prioritised=self._prioritised,
        )  # fmt: skip

    def signal(self, name: str) -> None:
        """Send by the engine (`SIGTERM`, ...). A SIGKILL sent this way suppresses the restart policy: use `kill_process` for faults."""
        self._do("kill", signal=name)

    def kill_process(self, pid: int | None = None, signal: int = signals.SIGKILL) -> float:
        """Signal a host pid of the container, the main process by default; returns when (CLOCK_MONOTONIC)."""
        return self._helper.kill(self.id, pid or self.state().pid, signal)

    def pause(self) -> None:
        self._do("pause")

    def unpause(self) -> None:
        self._do("unpause")

    def start(self) -> None:
        """Start (again after an exit): same container, same IP, same /data."""
        self.started_at = time.monotonic()
        self._do("start")

    def stop(self, timeout_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL after `timeout_s`."""
        self._do("stop", timeout=max(1, round(timeout_s)))

    def set_cpus(self, cpus: float) -> None:
        """Change the CPU quota live; limits.cpus restores it."""
        self._do("update", cpu_period=CPU_PERIOD_US, cpu_quota=cpu_quota(cpus))

    def set_weight(self, shares: int) -> None:
        """Change what it gets of its core where another container of the run wants it too."""
        self._do("update", cpu_shares=shares)

    @property
    def image_id(self) -> str:
        """The engine's id of the image that it was made from."""
        return str(self._container.attrs["Image"])

    def set_memory(self, mib: int) -> None:
        """Change the memory limit live, swap included; limits.memory_mib restores it. The kernel may refuse one below what is in use."""
        self._do("update", mem_limit=f"{mib}m", memswap_limit=f"{mib}m")

    def fill_tmp(self, most_mib: int) -> str:
        """Take all that is free in /tmp; a name for `free_tmp`. Raises Trouble("sidecar_down") when it is larger or cannot be reached."""
        return self._helper.fill_tmp(self.id, self.state().pid, most_mib)

    def tmp_is_full(self) -> bool:
        """Whether /tmp refuses one more byte for want of space."""
        return self._helper.tmp_is_full(self.id, self.state().pid)

    def free_tmp(self, name: str) -> None:
        """Undo `fill_tmp`. Without a running process there is nothing to undo: the next start has an empty /tmp."""
        if pid := self.state().pid:
            self._helper.free_tmp(self.id, pid, name)

    def connections(self) -> Connections:
        """TCP connections beyond loopback."""
        return self._helper.connections(self.id)

    def in_network(self, script: str) -> str:
        """What a shell script of ours says that runs in this container's network namespace. Raises Trouble("not_permitted")."""
        return self._helper.inside(self.id, script)

    def disconnect(self) -> None:
        """Cut the network."""
        try:
            self._network.engine.disconnect(self._container)
        except ENGINE_ERRORS as error:
            raise translate(error) from error

    def reconnect(self) -> None:
        """Undo `disconnect`: the same network and the same IP."""
        try:
            self._network.engine.connect(self._container, ipv4_address=self.ip)
        except ENGINE_ERRORS as error:
            raise translate(error) from error

    def logs(self, max_bytes: int = 1 << 20, since: float | None = None) -> bytes:
        """The last `max_bytes` of stdout and stderr; `since`: a moment of the wall clock (Unix seconds) before which nothing is wanted."""
        pieces: deque[bytes] = deque()
        size = 0
        try:
            for piece in self._container.logs(stream=True, follow=False, stdout=True, stderr=True, since=since):
                pieces.append(piece)
                size += len(piece)
                while size - len(pieces[0]) >= max_bytes:
                    size -= len(pieces.popleft())
        except ENGINE_ERRORS as error:
            raise translate(error) from error
        return b"".join(pieces)[-max_bytes:]

    def read_file(self, path: str, max_bytes: int = 1 << 20) -> bytes | None:
        """The first `max_bytes` of a regular file of the container or its volumes, running or not; None when there is none such."""
        return read_container_file(self._container, path, max_bytes)

    def image_facts(self) -> tuple[str, dict[str, str]]:
        """Working folder and environment that the container was made with."""
        try:
            config = self._engine.api.inspect_container(self.id)["Config"]
        except ENGINE_ERRORS as error:
            raise translate(error) from error
        pairs = (entry.partition("=") for entry in config.get("Env") or [])
        return config.get("WorkingDir") or "/", {name: value for name, _, value in pairs}

    def archive(self, path: str, max_bytes: int, within_s: float) -> Iterator[ArchivedFile]:
        """The regular files at or below a path, if any, in the engine's order; each must be read before the next is asked for.

        Raises Trouble(files_too_large) at the first with which there are more than `max_bytes`, whether it is read or not, and
        Trouble(files_too_slow) after `within_s`.
        """
        return archived_files(self._container, path, max_bytes, within_s)

    def remove(self) -> None:
        """Kill and remove, volumes of the image's own too. Never raises for what is gone already."""
        self.removed = quietly(self.name, lambda: self._container.remove(force=True, v=True)) or self.removed

    def _do(self, verb: str, **options: object) -> None:
        try:
            getattr(self._container, verb)(**options)
        except ENGINE_ERRORS as error:
            raise translate(error) from error
