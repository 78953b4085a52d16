"""Start a Docker daemon where none runs, and get over what a killed one left behind.

Two rules, both learned the hard way. A second dockerd beside a live one deletes its bridge, so nothing here starts or removes
anything while one lives. And a SIGKILLed dockerd leaves `docker.pid`; the next one refuses to start while that number is in
/proc, although it is a zombie or some other program by then.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.schema.causes import Trouble

PROC = Path("/proc")
LOG = Path("/var/log/grader-dockerd.log")
LOCK = Path("/run/lock/grader-engine.lock")
START_S = 90.0
"""A first start on a slow disk takes tens of seconds."""

COMING_S = 45.0
"""How long a daemon that someone else is starting may take until it answers."""

PID_FILES: dict[Path, str] = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/var/run/docker-ssd.pid"): "dockerd",
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}
"""Pid file -> the program that it must name to be taken seriously."""


@dataclass(frozen=True)
class Process:
    """What /proc says. `command` is the kernel's 15-character name; `state` the letter of /proc/PID/stat."""

    pid: int
    command: str
    state: str

    @property
    def alive(self) -> bool:
        return self.state not in "ZXx"


def look_up(pid: int, proc: Path = PROC) -> Process | None:
    """The process of that number, or None. The command stands in parentheses and may itself hold some, hence the last one."""
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, tail = stat.rpartition(")")
    return Process(pid, head.partition("(")[2], tail.split()[0])


def live_daemons(proc: Path = PROC) -> list[Process]:
    """Every dockerd that lives and shares our network: one in a container of its own has its own bridge and is none of our business."""
    ours = _network(proc / "self")
    found = (look_up(int(entry.name), proc) for entry in proc.iterdir() if entry.name.isdigit())
    return [p for p in found if p is not None and p.alive and _is_dockerd(p, proc) and _network(proc / str(p.pid)) in (ours, None)]


def _is_dockerd(process: Process, proc: Path) -> bool:
    if process.command == "dockerd":
        return True
    # The init script's launcher lives for a moment under its own name with dockerd as an argument.
    return process.command == "start-stop-daem" and b"dockerd" in _bytes(proc / str(process.pid) / "cmdline")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _network(folder: Path) -> str | None:
    try:
        return str((folder / "ns" / "net").readlink())
    except OSError:
        return None


def stale(pid_file: Path, program: str, proc: Path = PROC) -> str | None:
    """Why a pid file means nothing any more, or None when it is absent or names a living `program`."""
    try:
        text = pid_file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    if not text.isdigit():
        return "it holds no process number"
    process = look_up(int(text), proc)
    if process is None:
        return f"process {text} is gone"
    if not process.alive:
        return f"process {text} is a zombie"
    if process.command != program:
        return f"process {text} is {process.command}, not {program}"
    return None


def clear_stale(pid_files: dict[Path, str] | None = None, proc: Path = PROC) -> list[str]:
    """Remove stale pid files and say which; touches nothing while any dockerd lives."""
    if live_daemons(proc):
        return []
    removed = []
    for path, program in (PID_FILES if pid_files is None else pid_files).items():
        if why := stale(path, program, proc):
            path.unlink(missing_ok=True)
            removed.append(f"{path}: {why}")
    return removed


def start(answers: Callable[[], bool]) -> None:
    """Start the daemon (or wait for the one that is starting) until `answers()`.

    Raises Trouble("engine_down") that names the log, or Trouble("not_permitted") for a user who may not start one.
    """
    if os.geteuid() != 0:
        raise Trouble("not_permitted", "only root can start a Docker daemon")
    with _alone():
        if answers():
            return
        if running := live_daemons():
            _wait(answers, None, f"dockerd (process {running[0].pid}) lives but does not answer; see its log or restart it yourself", COMING_S)
            return
        for line in clear_stale():
            print(f"removed a stale pid file, {line}", flush=True)
        if Path("/run/systemd/system").is_dir():
            _start_service(answers)
        else:
            _start_process(answers)


@contextmanager
def _alone() -> Iterator[None]:
    """One starter at a time: two makes in parallel must not start two daemons."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_service(answers: Callable[[], bool]) -> None:
    done = subprocess.run(["systemctl", "start", "docker"], capture_output=True, text=True, errors="replace", timeout=START_S)
    if done.returncode:
        raise Trouble("engine_down", f"`systemctl start docker` failed: {_last(done.stderr)}; see `journalctl -u docker`")
    _wait(answers, None, "the docker service runs but does not answer; see `journalctl -u docker`")


def _start_process(answers: Callable[[], bool]) -> None:
    program = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise Trouble("engine_down", "dockerd is not installed")
    # The lock's descriptor is not inherited (close-on-exec), so the daemon does not hold it for its life.
    with LOG.open("ab") as log:
        process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/")
    _wait(answers, process, f"dockerd does not answer; see {LOG}")


def _wait(answers: Callable[[], bool], process: subprocess.Popen[bytes] | None, otherwise: str, within_s: float = START_S) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if answers():
            return
        if process is not None and process.poll() is not None:
            words = _last(_bytes(LOG)[-20_000:].decode(errors="replace"))
            raise Trouble("engine_down", f"dockerd ended with code {process.returncode}: {words} (log: {LOG})")
        time.sleep(0.2)
    raise Trouble("engine_down", otherwise)


def _last(text: str) -> str:
    """The last line that is worth showing: a failure's own words rather than the farewell of the log."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if "level=fatal" in line or "level=error" in line or line.startswith("failed to start")]
    return (wrong or lines or ["it said nothing"])[-1][:300]
