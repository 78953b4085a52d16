"""Limits for a build that no builder sets by itself: how many processes it may have, and how much memory all of it together.

The engine puts a build's steps below a cgroup that we name (the classic builder and newer BuildKits) or below one of its own (the BuildKit
of Docker 20.10). Only engines with the cgroupfs driver let a client name one; elsewhere the words of the evidence say what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from docker.errors import APIError, ContainerError, ImageNotFound
from docker.types import Mount

from grader.schema.challenge import Limits
from harness.image.watch import MEMORY_FLOOR

PIDS = 1024
"""Processes and threads of a build. A compiler on every core of a large host and npm's workers stay far below it; a fork bomb does not."""

OLD_BUILDKIT = "docker/buildkit"
"""Where Docker 20.10 runs BuildKit's steps, whatever it is asked: one set of limits for all such builds of this engine."""

_SET = """
if [ -e /host-cgroup/cgroup.procs ]; then
    mkdir -p /host-cgroup/{name}
    echo {pids} > /host-cgroup/{name}/pids.max
    echo {memory} > /host-cgroup/{name}/memory.max
else
    mkdir -p /host-cgroup/pids/{name} /host-cgroup/memory/{name}
    echo {pids} > /host-cgroup/pids/{name}/pids.max
    echo {memory} > /host-cgroup/memory/{name}/memory.limit_in_bytes
fi
"""
_REMOVE = """
for folder in /host-cgroup/{name} /host-cgroup/*/{name}; do
    left=25  # a stopped build's last step ends a moment after its connection
    while [ -d $folder ] && ! rmdir $folder 2>/dev/null && [ $left -gt 0 ]; do left=$((left - 1)); sleep 0.2; done
done
"""


@dataclass(frozen=True)
class Confinement:
    """`parent` is what the builder is told, empty where nothing could be set; the words go into the evidence.

    The classic builder has a limit of memory of its own, and BuildKit has this one or none.
    """

    parent: str
    words: str
    words_of_buildkit: str


@contextmanager
def confined(client: docker.DockerClient, name: str, labels: Mapping[str, str], helper_image: str | None, limits: Limits) -> Iterator[Confinement]:
    """A top-level cgroup called `name`, which is also the name of the build's bridge: a sweep removes it when that is gone."""
    driver = str(client.info().get("CgroupDriver"))
    if helper_image is None or driver != "cgroupfs":
        yield _unlimited("no helper image" if helper_image is None else f"the engine's cgroup driver is {driver}")
        return
    amounts = {"pids": PIDS, "memory": limits.build_memory_mib << 20}
    script = "set -e" + _SET.format(name=name, **amounts) + _SET.format(name=OLD_BUILDKIT, **amounts)
    limited = _run(client, helper_image, labels, script)
    try:
        if limited:
            words = f"at most {PIDS} processes and {limits.build_memory_mib} MiB"
            yield Confinement(f"/{name}", words, words)
        else:
            yield _unlimited("this host does not let us set one")
    finally:
        _run(client, helper_image, labels, _REMOVE.format(name=name))


def _unlimited(why: str) -> Confinement:
    of_buildkit = f"no limit of processes or memory ({why}; it is stopped when less than {MEMORY_FLOOR >> 20} MiB of this host are available)"
    return Confinement("", f"no limit of processes ({why})", of_buildkit)


def _run(client: docker.DockerClient, image: str, labels: Mapping[str, str], script: str) -> bool:
    """As root of the host's cgroups, through a one-shot container: a member of the docker group can grade too."""
    try:
        client.containers.run(
            image, ["sh", "-c", script], entrypoint=[], network_mode="none", cap_drop=["ALL"], cap_add=["DAC_OVERRIDE"], remove=True,
            security_opt=["no-new-privileges:true"], labels=dict(labels), user="0:0", userns_mode="host", read_only=True, mem_limit="64m",
            pids_limit=16, mounts=[Mount("/host-cgroup", "/sys/fs/cgroup", type="bind")],
        )  # fmt: skip
    except (ContainerError, ImageNotFound, APIError):
        return False
    return True
