"""Install distribution packages where that is ours to do: as root on a Debian-like system."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from grader.schema.causes import Trouble

APT_OPTIONS = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2")
"""Other installers (unattended upgrades, a second make) hold the lock for minutes on a fresh machine: wait for them."""

_DEADLINE_S = 900


def why_not() -> str | None:
    """Why packages cannot be installed here, or None where they can."""
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        return "this is no Debian-like system"
    if os.geteuid() != 0:
        return "you are not root"
    return None


def distribution() -> str:
    """The `ID` of /etc/os-release ("debian", "ubuntu", ...), or "unknown"."""
    path = Path("/etc/os-release")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.split("=", 1)[1].strip("\"'") for line in lines if line.startswith("ID=")), "unknown")


def install(names: Sequence[str], *, start: bool = True) -> None:
    """Install packages without their recommendations. Raises Trouble("not_permitted") with apt's own last words.

    With `start` false no service that they bring is started, now or at the next boot (Debian's packages would).

    The package lists are refreshed only when the first try fails: on a machine in use they are usually good, on a fresh one
    they are empty, and after a mirror moved on they name versions that are gone.
    """
    if reason := why_not():
        raise Trouble("not_permitted", f"cannot install {' '.join(names)}: {reason}")
    with nullcontext() if start else _no_services(names):
        _install(names)


def _install(names: Sequence[str]) -> None:
    command = ("install", "-y", "--no-install-recommends", *names)
    code, _ = _apt(*command)
    if code == 0:
        return
    _apt("update")  # its own failure is no verdict: one dead third-party source fails it while all we need is there
    code, said = _apt(*command)
    if code:
        raise Trouble("not_permitted", f"apt-get install {' '.join(names)} failed: {said}")


@contextmanager
def _no_services(names: Sequence[str], policy: Path = Path("/usr/sbin/policy-rc.d"), systemd: Path = Path("/run/systemd/system")) -> Iterator[None]:
    """Debian asks `policy-rc.d` before a package starts a service; 101 forbids it. One that is there already says what its owner wants."""
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            policy.unlink()
        if systemd.exists():
            units = [f"{name}.service" for name in names]
            subprocess.run(["systemctl", "disable", "--quiet", *units], check=False, capture_output=True, timeout=60)


def _apt(*arguments: str) -> tuple[int, str]:
    """Exit code and the last line that apt wrote."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            ["apt-get", "-q", *APT_OPTIONS, *arguments], env=env, text=True, errors="replace", timeout=_DEADLINE_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124, f"apt-get {arguments[0]} did not end within {_DEADLINE_S} s"
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("E:", "Err:"))]
    return done.returncode, (wrong or lines or [""])[-1]
