"""One owned child process: Prometheus or Alertmanager, bound to loopback, polite, and gone with us however we end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grader.schema.causes import Trouble
from harness.telemetry.prometheus import launch
from harness.text import clean_tail

NICENESS = 19
"""The generator is real-time and its threads need the core; a scrape a second and a few rules need little."""
MEMORY_MIB = 384
"""Of each process. 70 MiB are usual; only a hostile query or metrics page needs more."""
STOP_S = 1.0
PROGRAMS = {"prometheus": ("prometheus",), "alertmanager": ("prometheus-alertmanager", "alertmanager"), "promtool": ("promtool",)}
"""Debian's names first: `alertmanager` is what the project's own archive holds."""


@dataclass(frozen=True)
class Programs:
    """Where the programs are."""

    prometheus: str
    alertmanager: str
    promtool: str

    @classmethod
    def find(cls) -> Programs:
        """Raises Trouble(prometheus_missing) that names what is not there."""
        found = {name: next((path for n in names if (path := shutil.which(n))), None) for name, names in PROGRAMS.items()}
        if missing := [name for name, path in found.items() if path is None]:
            raise Trouble("prometheus_missing", f"not found: {', '.join(missing)}")
        return cls(**{name: str(path) for name, path in found.items()})


def environment(folder: Path) -> dict[str, str]:
    """Of our own making: a proxy variable of the host would send scrapes elsewhere. HOME lets a sweep find what outlived us."""
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin", "GOMAXPROCS": "1", "GOMEMLIMIT": f"{MEMORY_MIB // 2}MiB", "TZ": "UTC"}


def free_port() -> int:
    """A port on loopback that is free now. Whoever takes it first makes our child end at once, which its owner reports."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Child:
    """Context manager around one process. Its output goes to `<folder>/<name>.log`."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, cores: Sequence[int] = ()) -> None:
        self.name, self.command, self.folder, self.cores = name, command, folder, cores
        self.log = folder / f"{name}.log"

    def __enter__(self) -> Self:
        cores = ",".join(map(str, sorted(self.cores))) or "-"
        launcher = [sys.executable, "-I", launch.__file__, str(os.getpid()), str(NICENESS), cores]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*launcher, *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=environment(self.folder),
                start_new_session=True,
            )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def memory_mib(self) -> float:
        """Resident memory now; 0 once it has ended."""
        with contextlib.suppress(OSError, IndexError):
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        return 0.0

    def said(self) -> str:
        """The end of its log, for people."""
        return clean_tail(self.log.read_bytes()[-4000:], 400).strip() if self.log.exists() else ""

    def end(self) -> None:
        """SIGTERM would have Prometheus write its data out: nothing of it is kept."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
