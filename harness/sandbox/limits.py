"""The flags that every container of a run gets: hard for the candidate, the same posture for our own, and who runs on which core."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.types import LogConfig, Mount, Ulimit

from grader.schema.challenge import Limits

CPU_PERIOD_US = 100_000
MIB = 1 << 20
USUAL_WEIGHT, LEAST_WEIGHT = 1024, 256
"""Shares of a core against other containers of the run."""

NEUTRAL_HOSTNAME = "app"
"""Nothing inside the container says that it is being graded."""

FAST_FAILING_DNS: dict[str, Any] = {"dns": ["0.0.0.0"], "dns_opt": ["timeout:1", "attempts:1"]}
"""Names on the run's network resolve; all others fail within a second and leave the host never (no exfiltration by DNS)."""


@dataclass(frozen=True)
class Cores:
    """Disjoint core sets of one measurement slot; with a single core both sets are that core, and `note` says so."""

    candidate: tuple[int, ...]
    ours: tuple[int, ...]
    note: str = ""

    @property
    def candidate_set(self) -> str:
        return ",".join(map(str, self.candidate))

    @property
    def our_set(self) -> str:
        return ",".join(map(str, self.ours))


def choose_cores(usable: Sequence[int] | None = None) -> Cores:
    """The candidate gets the last core, sidecars and the load generator the others."""
    cores = sorted(os.sched_getaffinity(0) if usable is None else usable)
    if len(cores) == 1:
        return Cores((cores[0],), (cores[0],), "one core only: the load generator and the candidate share it, latency figures include that")
    return Cores((cores[-1],), tuple(cores[:-1]))


def cpu_quota(cpus: float) -> int:
    """CFS quota in microseconds per CPU_PERIOD_US; the kernel takes no less than 1 ms."""
    return max(1000, round(cpus * CPU_PERIOD_US))


def _hardened(log_mib: int) -> dict[str, Any]:
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "init": False,  # an init would reap and forward signals for the candidate: PID 1 behaviour is what we grade
        "privileged": False,
        "ipc_mode": "private",
        "log_config": LogConfig(type="json-file", config={"max-size": f"{log_mib}m", "max-file": "1"}),
        "ulimits": [Ulimit(name="core", soft=0, hard=0)],
    }


def candidate_flags(
    limits: Limits, cores: Cores, data: Mount, extra_mounts: Sequence[Mount], image_volumes: Sequence[Mount], cgroup: str = ""
) -> dict[str, Any]:
    """Keyword arguments of `containers.create` for the submission. `cgroup` is a top-level cgroup of ours, where there is one."""
    memory = f"{limits.memory_mib}m"
    return _hardened(limits.log_mib) | FAST_FAILING_DNS | {
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,size={limits.tmp_mib}m,mode=1777"},
        "pids_limit": limits.pids,
        "mem_limit": memory,
        "memswap_limit": memory,  # equal: no swap
        "cpuset_cpus": cores.candidate_set,
        "cpu_period": CPU_PERIOD_US,  # not nano_cpus: the engine refuses to change between the two styles in mid-run
        "cpu_quota": cpu_quota(limits.cpus),
        "hostname": NEUTRAL_HOSTNAME,
        "restart_policy": {"Name": "on-failure", "MaximumRetryCount": 0},
        "healthcheck": {"test": ["NONE"]},  # it would run inside the candidate's CPU quota; orchestrators ignore it too
        "mounts": [data, *image_volumes, *extra_mounts],
    } | ({"cgroup_parent": f"/{cgroup}"} if cgroup else {})  # fmt: skip


def sidecar_flags(cores: Cores, cgroup: str = "") -> dict[str, Any]:
    """Keyword arguments of `containers.create` for a small container of ours on the submission's network. `cgroup` as for the candidate."""
    return _hardened(1) | FAST_FAILING_DNS | {
        "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=8m"},
        "pids_limit": 64,
        "mem_limit": "192m",
        "memswap_limit": "192m",
        "cpuset_cpus": cores.our_set,
        "user": "65534:65534",
        "restart_policy": {"Name": "no"},
    } | ({"cgroup_parent": f"/{cgroup}"} if cgroup else {})  # fmt: skip


def control_flags(limits: Limits, cores: Cores, cgroup: str = "") -> dict[str, Any]:
    """Keyword arguments of `containers.create` for the control container: the candidate's core, quota and weight."""
    own = {"cpuset_cpus": cores.candidate_set, "cpu_period": CPU_PERIOD_US, "cpu_quota": cpu_quota(limits.cpus)}
    return sidecar_flags(cores, cgroup) | own


def staged_file(path: Path, target: str) -> Mount:
    """One file of the harness's own, mounted read-only over `target` (a damaged model, the token). Nothing else of the host is ever mounted."""
    return Mount(target, str(path), type="bind", read_only=True)


def shared_data(volume: str) -> Mount:
    """/data of a run's service: a volume, so that it outlives a restart."""
    return Mount("/data", volume, type="volume")


def own_data(limits: Limits) -> Mount:
    """/data of a second instance, which no other one sees: as large, empty, and writable for whatever user the image has."""
    return Mount("/data", None, type="tmpfs", tmpfs_size=limits.data_mib * MIB, tmpfs_mode=0o1777)


def data_volume_options(limits: Limits) -> dict[str, str]:
    """Options of the local volume driver for /data: tmpfs, since only that bounds a volume's size on every host."""
    return {"type": "tmpfs", "device": "tmpfs", "o": f"size={limits.data_mib}m,nr_inodes=65536,mode=0755,nosuid,nodev"}


def described(limits: Limits, cores: Cores) -> dict[str, str]:
    """The candidate's flags in words, for the evidence."""
    return {
        "cap_drop": "ALL",
        "no_new_privileges": "true",
        "read_only": "true",
        "tmpfs": f"/tmp {limits.tmp_mib} MiB noexec,nosuid,nodev",
        "data": f"/data {limits.data_mib} MiB, owned by the image's user, counts towards memory",
        "memory": f"{limits.memory_mib} MiB, no swap",
        "pids": str(limits.pids),
        "cpus": f"{limits.cpus:g} on core {cores.candidate_set}",
        "log": f"{limits.log_mib} MiB",
        "dns": "names of the run's network only, 1 s for others",
        "restart": "on-failure",
        "healthcheck": "disabled",
        "image_volumes": "read-only",
        "init": "none",
    }
