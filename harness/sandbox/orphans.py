"""Processes that a killed grading left: a git that waits for a silent server, a docker command line that waits for a build."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def end(folder: Path) -> int:
    """Kill every process whose home or working folder lies below `folder`, a dead run's; how many there were.

    All children of a run are given such a home; nobody else has one there.
    """
    ended = 0
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):  # noqa: PTH208 - numbers, not paths
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
            handle = os.pidfd_open(pid)  # held before we look, so that a number that is given away meanwhile is not hit
            try:
                if _belongs(pid, folder):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    ended += 1
            finally:
                os.close(handle)
    return ended


def _belongs(pid: int, folder: Path) -> bool:
    below = f"{folder}{os.sep}".encode()
    if any(entry.startswith(b"HOME=" + below) for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")):
        return True
    return os.readlink(f"/proc/{pid}/cwd").encode().startswith(below)  # noqa: PTH115 - a link of the kernel's, never resolved further
