"""Other work on a host: a process of ours that keeps one core busy."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

BUSY = """
import os, sys, threading, time
core, share, insists = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "insists"
os.sched_setaffinity(0, {core})
if insists:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print("busy", flush=True)
while True:
    end = time.monotonic() + 0.01 * share
    while time.monotonic() < end:
        pass
    time.sleep(0.01 * (1 - share))
"""
TICKS = os.sysconf("SC_CLK_TCK")


class Neighbour:
    """Context manager: busy on `core` for the `with` block, and gone with this process whatever happens to it.

    `insists`: at real-time priority, above the generator's, so that it gets its share whatever weight the candidate has; only root may.
    """

    def __init__(self, core: int, share: float = 1.0, *, insists: bool = False) -> None:
        self._command = [sys.executable, "-c", BUSY, str(core), str(share), "insists" if insists else "asks"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None and self._process.stdout.readline() == "busy\n", "the neighbour did not start"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()


def may_insist() -> bool:
    """Whether this process could give itself real-time priority."""
    return os.geteuid() == 0
