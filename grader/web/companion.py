"""The worker that `grader serve` brings along: a process of its own, so that what it loads never weighs on the pages."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from harness.telemetry.prometheus import launch

log = logging.getLogger("grader.web.companion")
AGAIN_S = 5.0
"""Pause before a worker that ended by itself is started again."""


@contextmanager
def worker() -> Iterator[None]:
    """A worker for the `with` block: begun anew when it ends by itself, asked to end with us (it finishes what it has begun), and ended by
    the kernel where we are killed."""
    stop, ended = threading.Event(), threading.Event()
    current: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        """In one thread, since the kernel ends the child with the thread that started it."""
        while not stop.is_set():
            current[:] = [subprocess.Popen(_command())]
            if stop.is_set():
                current[0].terminate()
            code = current[0].wait()
            if not stop.is_set():
                log.warning("the worker ended", extra={"facts": {"code": code, "again_in_s": AGAIN_S}})
                stop.wait(AGAIN_S)
        ended.set()

    threading.Thread(target=keep, name="companion", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        for process in current:
            process.terminate()
        ended.wait()


def _command() -> list[str]:
    return [sys.executable, launch.__file__, str(os.getpid()), "0", "-", sys.executable, "-m", "grader", "worker"]
