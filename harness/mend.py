"""Mend what a machine lacks for grading, as far as that is ours to do: the engine, the images, tools that only tests need.

As root on a Debian-like system packages are installed and a daemon is started; elsewhere the Trouble says what to do by hand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from grader.schema.causes import Trouble
from harness import packages
from harness.image import base
from harness.sandbox import dockerd, engine

PROMETHEUS = {"prometheus": ("prometheus",), "prometheus-alertmanager": ("prometheus-alertmanager", "alertmanager")}
"""Package -> programs of which one is enough."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ENGINE_BY_HAND = (
    "as root run `make engine`; or: sudo apt-get install docker.io iptables && sudo systemctl start docker && "
    "sudo usermod -aG docker $USER, then log in again"
)

Say = Callable[[str], None]


def ensure_engine(say: Say = print) -> None:
    """Use the engine that answers, else start one where that is ours to do. Raises Trouble that says what to do by hand."""
    found = engine.find()
    if not isinstance(found, list):
        found[0].close()
        return
    if os.environ.get("DOCKER_HOST") or os.geteuid() != 0:
        raise Trouble("engine_down", f"{', '.join(map(str, found))}; {engine_advice(found)}")
    if lacking := _lacking_capabilities():
        raise Trouble("engine_down", f"none runs, and none can be started without {lacking} (a container? start it with --privileged)")
    if wanted := [package for program, package in (("dockerd", "docker.io"), ("iptables", "iptables")) if not _installed(program)]:
        if dockerd.live_daemons():
            raise Trouble("engine_down", "a dockerd that is not this system's lives but does not answer")
        say(f"installing {' '.join(wanted)}")
        packages.install(wanted)
    say("starting the Docker Engine")
    dockerd.start(_answers)


def _installed(program: str) -> bool:
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin") is not None


def _answers() -> bool:
    found = engine.find()
    if isinstance(found, list):
        return False
    found[0].close()
    return True


def engine_advice(attempts: list[engine.Attempt]) -> str:
    if os.environ.get("DOCKER_HOST"):
        return "start the engine that DOCKER_HOST names, or unset DOCKER_HOST to use a local one"
    if any("permission denied" in attempt.why for attempt in attempts):
        return "sudo usermod -aG docker $USER, then log in again"
    return ENGINE_BY_HAND


def _lacking_capabilities(status: Path = Path("/proc/self/status")) -> str:
    """Names of the capabilities without which no daemon can run; root in a plain container has neither."""
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return " and ".join(name for bit, name in ((21, "CAP_SYS_ADMIN"), (12, "CAP_NET_ADMIN")) if not effective >> bit & 1)


def ensure_images(say: Say = print) -> None:
    """Make sure of the base image and of the grader's own, renewing a stand-in of an older recipe. Raises Trouble."""
    with closing(engine.connect()) as client:
        base.ensure_base(client, renew=True, say=say)
        base.ensure_sidecar_image(client, say=say)
        base.forget_old(client)


def ensure_optional(say: Say = print) -> None:
    """Install what only tests need. Never raises: what is missing makes its tests skip by name."""
    if chromium() is not None or packages.why_not() is not None or packages.distribution() != "debian":
        return
    say("installing chromium, which the report's tests open")
    try:
        packages.install(["chromium"])
    except Trouble as trouble:
        say(f"{trouble.detail}; the report's browser tests will be skipped")


def ensure_prometheus(say: Say = print) -> None:
    """Install Prometheus and Alertmanager, which evaluate a candidate's own alert rules. Never raises: without them those checks are unknown."""
    wanted = [package for package, programs in PROMETHEUS.items() if not any(shutil.which(program) for program in programs)]
    if not wanted:
        return
    if (reason := packages.why_not()) is not None:
        say(f"{' and '.join(wanted)} cannot be installed here: {reason}; alert rules and dashboards of candidates will be unknown")
        return
    say(f"installing {' '.join(wanted)}, which evaluate the alert rules of candidates")
    try:
        packages.install(wanted, start=False)
    except Trouble as trouble:
        say(f"{trouble.detail}; alert rules and dashboards of candidates will be unknown")


PARTS: dict[str, Callable[[Say], None]] = {
    "engine": ensure_engine, "base": ensure_images, "prometheus": ensure_prometheus, "optional": ensure_optional,
}  # fmt: skip


def mend(parts: Sequence[str] = tuple(PARTS), say: Say = print) -> None:
    """Mend the named parts in order. Raises the first Trouble, which says what to do by hand."""
    for part in parts:
        PARTS[part](say)


def chromium() -> str | None:
    """Path of a Chromium that runs. Ubuntu's package is a stub that asks for snap, hence the question for its version."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name)) and version_of(path, "--version")), None)


def version_of(program: str, argument: str) -> str | None:
    """First line of what a program says about itself; None where it does not run."""
    try:
        done = subprocess.run([program, argument], capture_output=True, text=True, errors="replace", timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0][:100] if done.returncode == 0 and lines else None
