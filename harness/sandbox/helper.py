"""Root-only steps through one container of ours, so that a member of the docker group can grade: INPUT rule, kill by host pid, volume."""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import APIError
from docker.types import Mount

from grader.schema.causes import Trouble
from harness.sandbox.limits import Cores
from harness.sandbox.network import BRIDGE_PATTERN
from harness.sandbox.sidecar import Sidecar
from harness.text import one_line

CAPABILITIES = ["NET_ADMIN", "NET_RAW", "KILL", "CHOWN", "DAC_OVERRIDE", "FOWNER", "SYS_PTRACE"]
RULE = ("-m", "conntrack", "--ctstate", "NEW", "-j", "DROP")
FILTERS = ("iptables", "ip6tables")


@dataclass(frozen=True)
class Process:
    """A process of the candidate as the host sees it. `cpu_s`: what it has used since its start."""

    pid: int
    uid: int
    command: str
    parent: int = 0
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Connections:
    """TCP connections of a container: made by it and alive; closed by the other side and not by it."""

    outgoing: int
    close_wait: int


@dataclass(frozen=True)
class Footprint:
    """Bytes on /data, open descriptors, size of the log file, CPU seconds of the engine's own processes; None where the host does not show it."""

    volume_bytes: int
    open_files: int | None
    log_size: int | None
    engine_cpu_s: float | None


def _flags(cores: Cores | None, volume: str | None) -> dict[str, Any]:
    return {
        "cap_drop": ["ALL"],
        "cap_add": CAPABILITIES,
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": {"/run": "rw,noexec,nosuid,nodev,size=1m"},  # xtables.lock
        "network_mode": "host",
        "pid_mode": "host",
        "userns_mode": "host",
        "pids_limit": 64,
        "mem_limit": "192m",
        "user": "0:0",
        "mounts": [
            Mount("/host-cgroup", "/sys/fs/cgroup", type="bind"),
            *([Mount("/volume", volume, type="volume", no_copy=True)] if volume else []),
        ],
    } | ({"cpuset_cpus": cores.our_set} if cores else {})


class Helper:
    """Context manager. Alive for the whole run: it also keeps the /data volume mounted, whose content would else go with each stop."""

    def __init__(
        self, client: docker.DockerClient, image: str, labels: dict[str, str], cores: Cores | None = None, volume: str | None = None
    ) -> None:
        self.client, self.image, self.labels = client, image, labels
        self._sidecar = Sidecar(client, image, "helper", _flags(cores, volume), labels)

    def __enter__(self) -> Helper:
        self._sidecar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._sidecar.__exit__()

    def kill(self, container: str, pid: int, signal: int = signals.SIGKILL) -> float:
        """Signal a host pid that belongs to the container id; returns when it was sent (CLOCK_MONOTONIC).

        The engine's own kill would suppress the restart policy, and `kill -9 1` inside does nothing.
        """
        return float(self._sidecar.ask("kill", container=container, pid=pid, signal=int(signal))["at"])

    def processes(self, container: str) -> list[Process]:
        found = self._sidecar.ask("processes", container=container)["processes"]
        return [Process(p["pid"], p["uid"], p["command"], p["parent"], p["cpu_s"]) for p in found if p["state"] != "Z"]

    def listening_ports(self, container: str) -> list[int]:
        """TCP ports the container listens on beyond loopback, from /proc/<pid>/net."""
        return [int(port) for port in self._sidecar.ask("listening", container=container)["ports"]]

    def connections(self, container: str) -> Connections:
        """From /proc/<pid>/net, loopback left out."""
        found = self._sidecar.ask("connections", container=container)
        return Connections(int(found["outgoing"]), int(found["close_wait"]))

    def sent_bytes(self, container: str) -> int:
        """What the container's interfaces have sent so far, loopback left out."""
        return int(self._sidecar.ask("traffic", container=container)["sent"])

    def fill_tmp(self, container: str, pid: int, most_mib: int) -> str:
        """Take all that is free in the container's /tmp, as its process `pid` sees it; the name of the file that does."""
        return str(self._sidecar.ask("tmp", do="fill", container=container, pid=pid, most_mib=most_mib)["name"])

    def tmp_is_full(self, container: str, pid: int) -> bool:
        """Whether one more byte in a new file there is refused for want of space."""
        return bool(self._sidecar.ask("tmp", do="is_full", container=container, pid=pid)["done"])

    def free_tmp(self, container: str, pid: int, name: str) -> bool:
        """Undo `fill_tmp`; False when the file is gone with an earlier /tmp."""
        return bool(self._sidecar.ask("tmp", do="free", container=container, pid=pid, name=name)["done"])

    def prepare_volume(self, uid: int, gid: int) -> None:
        self._sidecar.ask("prepare_volume", uid=uid, gid=gid)

    def wipe_volume(self) -> None:
        self._sidecar.ask("prepare_volume", timeout_s=15.0, wipe=True)

    def footprint(self, container: str, log_path: str) -> Footprint:
        """What only the host sees of a container; `log_path` is the engine's own."""
        found = self._sidecar.ask("footprint", container=container, log_path=log_path)
        return Footprint(int(found["bytes"]), found["open_files"], found["log_size"], found["engine_cpu_s"])

    def own_cgroup(self, name: str) -> str:
        """Make a top-level cgroup with the highest CPU weight; what was set. Raises Trouble("sidecar_down") where the host does not permit it."""
        return str(self._sidecar.ask("own_cgroup", name=name)["set"])

    def remove_cgroups(self, name: str = "") -> int:
        """Remove the named top-level cgroup and those of runs that are gone."""
        return int(self._sidecar.ask("remove_cgroups", name=name, pattern=BRIDGE_PATTERN)["removed"])

    def volume_bytes(self) -> int:
        return int(self._sidecar.ask("volume_use")["bytes"])

    def drop_input(self, bridge: str) -> str | None:
        """Refuse NEW connections from the bridge to this host (`internal` leaves the gateway open). None, or why it is not possible."""
        problems = {tool: self._run(tool, "-w", "5", "-I", "INPUT", "-i", bridge, *RULE) for tool in FILTERS}
        # The network carries no IPv6; that rule is a second belt and its absence no hole.
        return problems["iptables"]

    def allow_input(self, bridge: str) -> None:
        """Undo `drop_input`."""
        for tool in FILTERS:
            self._run(tool, "-w", "5", "-D", "INPUT", "-i", bridge, *RULE)

    def sweep_rules(self) -> int:
        """Delete INPUT rules of our bridges that no longer exist."""
        return int(self._sidecar.ask("sweep_rules", timeout_s=20.0, pattern=BRIDGE_PATTERN)["deleted"])

    @property
    def container_id(self) -> str:
        return str(self._sidecar.container.id)

    def _run(self, *argv: str) -> str | None:
        reply = self._sidecar.ask("run", argv=list(argv), timeout_s=15.0)
        return None if reply["code"] == 0 else one_line(reply["err"]) or f"exit code {reply['code']}"

    def inside(self, container: str, script: str) -> str:
        """Run a shell script of ours in the network namespace of a container, and what it says. Raises Trouble("not_permitted").

        Being born into the namespace (`--network container:`) needs NET_ADMIN only; entering it from here would need SYS_ADMIN.
        What the script sets there ends with the namespace at the latest.
        """
        try:
            output: bytes = self.client.containers.run(
                self.image, ["sh", "-ec", script], network_mode=f"container:{container}", userns_mode="host", cap_drop=["ALL"],
                cap_add=["NET_ADMIN", "NET_RAW"], security_opt=["no-new-privileges:true"], user="0:0", labels=self.labels, remove=True, stderr=True,
                entrypoint=[], read_only=True, tmpfs={"/run": "size=1m"}, pids_limit=16, mem_limit="64m",
            )  # fmt: skip
        except (APIError, docker.errors.ContainerError) as error:
            raise Trouble("not_permitted", f"{one_line(script)}: {one_line(str(error))}") from error
        return output.decode("utf-8", "replace")
