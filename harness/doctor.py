"""What grading needs of this machine: `diagnose` says what is there and what is not, `mend` does what may be done about it.

`python -m harness.doctor` prints the diagnosis; `--mend engine base prometheus optional` mends these parts, in that order.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from grader.schema.causes import Trouble
from harness.image import base
from harness.image.standin import Recipe
from harness.mend import PARTS, PROMETHEUS, chromium, engine_advice, mend, version_of
from harness.sandbox import engine
from harness.source.git import is_new_enough, minimum

__all__ = ["Prerequisite", "diagnose", "main", "mend"]

MIN_PYTHON = (3, 11)
MIN_ENGINE = (20, 10)
MIN_CORES = 2
MIN_MEMORY_GIB = 4.0
MIN_DISK_GIB = 5.0
GOOD_CLOCKS = frozenset({"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "xen", "ptp"})
"""Clock sources that are read in nanoseconds; the others cost microseconds per reading and coarsen latencies."""


@dataclass(frozen=True)
class Prerequisite:
    """One thing that grading stands on. `mend` is the next step when `ok` is false; what is not `required` only narrows what can be done."""

    name: str
    ok: bool
    detail: str
    mend: str
    needed_for: str = "grading"
    required: bool = True


def diagnose() -> list[Prerequisite]:
    """Everything that grading needs, looked at now. Takes about two seconds, changes nothing, raises nothing for what is missing."""
    return [*_machine(), *_engine(), *_tools()]


# --- the machine


def _machine() -> Iterator[Prerequisite]:
    yield Prerequisite("platform", sys.platform == "linux", sys.platform, "use a Linux machine or VM: isolation and faults need its kernel")
    version = sys.version_info[:3]
    yield Prerequisite("python", version >= MIN_PYTHON, ".".join(map(str, version)), "install Python 3.11 or later, then `make venv PYTHON=...`")
    git = version_of("git", "--version")
    yield Prerequisite("git", is_new_enough(git or ""), git or "not found", f"install {minimum()} or later", "cloning submissions")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    advice = "give this machine a second core: candidate and load generator need one each"
    yield Prerequisite("cores", cores >= MIN_CORES, f"{cores} usable", advice, "fair latencies")
    memory = _memory_gib()
    yield Prerequisite("memory", memory >= MIN_MEMORY_GIB, f"{memory:.1f} GiB available", f"free memory: a build may take {MIN_MEMORY_GIB:.0f} GiB")
    free = shutil.disk_usage(tempfile.gettempdir()).free / 2**30
    yield Prerequisite("disk", free >= MIN_DISK_GIB, f"{free:.1f} GiB free", f"free {MIN_DISK_GIB:.0f} GiB below {tempfile.gettempdir()}")
    clock = _clock_source()
    resolution = time.get_clock_info("monotonic").resolution
    good = resolution <= 1e-6 and (clock is None or clock in GOOD_CLOCKS)
    detail = f"{clock or 'unknown source'}, {resolution:.0e} s"
    yield Prerequisite("clock", good, detail, "choose the tsc or kvm-clock source", "exact latencies", required=False)


def _memory_gib() -> float:
    """MemAvailable; where /proc does not say, all there is."""
    path = Path("/proc/meminfo")
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    kib = next((int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    return kib / 2**20 if kib is not None else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _clock_source() -> str | None:
    path = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    return path.read_text(encoding="ascii").strip() if path.exists() else None


# --- the engine and what it must hold


def _engine() -> Iterator[Prerequisite]:
    found = engine.find()
    if isinstance(found, list):
        tried = "tried " + ", ".join(map(str, found))
        yield Prerequisite("engine", False, tried, engine_advice(found))
        return
    client, url = found
    with closing(client):
        info: dict[str, Any] = client.info()
        yield _engine_version(client, info, url)
        yield _engine_place(info, url)
        yield from _engine_disk(info)
        yield _base_image(client)
        yield from _own_image(client)


def _engine_version(client: docker.DockerClient, info: dict[str, Any], url: str) -> Prerequisite:
    version = str(info.get("ServerVersion", ""))
    cgroup, storage = info.get("CgroupVersion", "1"), info.get("Driver", "unknown storage")
    name = next((str(part.get("Name")) for part in client.version().get("Components", ()) if part.get("Name")), "Engine")
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    old = "podman" not in name.lower() and tuple(numbers) < MIN_ENGINE
    return Prerequisite("engine", not old, f"{name} {version}, cgroup v{cgroup}, {storage}, {url}", "install Docker Engine 20.10 or later")


def _engine_place(info: dict[str, Any], url: str) -> Prerequisite:
    rootless = any("rootless" in str(option) for option in info.get("SecurityOptions") or ())
    where = "rootless" if rootless else "local" if engine.is_local(url) else "remote"
    advice = "use a local, rootful engine: candidates are measured at their container's address, which this host must reach"
    return Prerequisite("engine place", where == "local", where, advice)


def _engine_disk(info: dict[str, Any]) -> Iterator[Prerequisite]:
    root = Path(str(info.get("DockerRootDir", "")))
    if root.is_dir():
        free = shutil.disk_usage(root).free / 2**30
        advice = f"free {MIN_DISK_GIB:.0f} GiB: `docker image prune` removes what no tag names"
        yield Prerequisite("engine disk", free >= MIN_DISK_GIB, f"{free:.1f} GiB free in {root}", advice, "builds")


def _base_image(client: docker.DockerClient) -> Prerequisite:
    image = base.find(client)
    made_with = base.standin_digest(client)
    if image is None:
        detail, ok = "absent", False
    elif made_with is None:
        detail, ok = "present", True
    else:
        current = made_with == Recipe.of_this_host().digest
        detail, ok = f"stand-in from Debian's packages{'' if current else ', of an older recipe or of other host settings'}", current
    return Prerequisite(f"image {base.BASE}", ok, detail, "make base", "builds", required=image is None)


def _own_image(client: docker.DockerClient) -> Iterator[Prerequisite]:
    image = base.find_sidecar_image(client)
    yield Prerequisite("grader's own image", image is not None, image or "not built yet for this checkout", "make base")
    if image is None:
        return
    refused = _helper_refused(client, image)
    advice = "let the engine run containers with --net=host --cap-add NET_ADMIN"
    yield Prerequisite("root steps by helper", refused is None, refused or "the host's packet filter is in reach", advice, "isolation and faults")


def _helper_refused(client: docker.DockerClient, image: str) -> str | None:
    """Why the helper cannot reach the host's packet filter, or None. A chain is listed, which needs the same right as changing it."""
    command = ["iptables", "-w", "5", "-n", "-L", "INPUT"]
    try:
        client.containers.run(image, command, network_mode="host", userns_mode="host", cap_drop=["ALL"], cap_add=["NET_ADMIN", "NET_RAW"],
                              remove=True, read_only=True, tmpfs={"/run": "size=1m"}, labels={base.PART: "doctor"})  # fmt: skip
    except DockerException as error:
        return engine.translate(error).detail
    return None


# --- tools beside the engine


def _tools() -> Iterator[Prerequisite]:
    browser = chromium()
    yield Prerequisite("chromium", browser is not None, browser or "not found", "apt-get install chromium", "tests of the report", required=False)
    for programs in PROMETHEUS.values():
        version = next((found for program in programs if (found := version_of(program, "--version"))), None)
        yield Prerequisite(programs[-1], version is not None, version or "not found", "make prometheus", "alert rules and dashboards", required=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when all that is required is there (or mended), else 3."""
    parser = argparse.ArgumentParser(prog="harness.doctor", description=__doc__)
    parser.add_argument("--mend", nargs="+", choices=tuple(PARTS), metavar="PART", help=f"mend these first: {', '.join(PARTS)}")
    wanted = parser.parse_args(arguments).mend
    if wanted:
        try:
            mend(wanted, lambda line: print(line, flush=True))
        except Trouble as trouble:
            print(trouble, file=sys.stderr)
            return 3
        return 0
    findings = diagnose()
    for item in findings:
        sign = "ok     " if item.ok else "MISSING" if item.required else "lacking"
        print(f"{sign} {item.name}: {item.detail}" + ("" if item.ok else f" -> {item.mend} (for {item.needed_for})"))
    return 0 if all(item.ok or not item.required for item in findings) else 3


if __name__ == "__main__":
    sys.exit(main())
