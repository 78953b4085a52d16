"""The worker's side of a child: starts it, listens to it, ends it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grader
from grader.jobs.model import Job
from grader.jobs.policy import LOST
from grader.jobs.settings import JobSettings

CHUNK = 1 << 16
LOG_TAIL, LINE = 4000, 300
"""Characters that are kept of a child's log, and of its last line."""
ROOT = Path(grader.__file__).resolve().parents[1]

Event = dict[str, Any]


@dataclass
class Ending:
    """How a child ended: its last word, or what its death looked like."""

    culprit: str = ""
    cause: str = ""
    error: str = ""
    failures: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False
    log: str = ""

    @property
    def ok(self) -> bool:
        return not self.culprit and not self.stopped


class Child:
    """One grading's process and everything it started (its process group). A context manager: nothing of it outlives the block."""

    def __init__(self, settings: JobSettings, job: Job, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._stopped = False
        folder.mkdir(parents=True)
        (folder / "out").mkdir()
        order = {"job": job.dump(), "out": str(folder / "out"), "pipeline": settings.pipeline, "stop_s": settings.stop_s}
        with (folder / "child.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "grader.jobs.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=folder,
                env=_environment(), start_new_session=True,
            )  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once; listening says so
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    @property
    def out(self) -> Path:
        return self._folder / "out"

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def listen(self, heard: Callable[[Event], None], tick: Callable[[], bool], every_s: float) -> Ending:
        """Pass on every event until the end. `tick` is called every `every_s` seconds; once it says False the child is stopped."""
        last: Event | None = None
        for event in self._events(tick, every_s):
            if event.get("event") == "end":
                last = event
            else:
                heard(event)
        code = self._process.wait()
        if self._stopped:
            return Ending(stopped=True)
        if last is None:
            log = self._log()
            tail = log.strip().rpartition("\n")[2][:LINE]
            return Ending(LOST, "died", f"the grading's process died ({_died(code)}). {tail}".strip(), log=log)
        failures = [(str(culprit), str(cause)) for culprit, cause in last.get("failures", [])]
        return Ending(last.get("culprit", ""), last.get("cause", ""), last.get("error", ""), failures, log=self._log())

    def _events(self, tick: Callable[[], bool], every_s: float) -> Iterator[Event]:
        assert self._process.stdout is not None
        pipe, rest, due, deadline = self._process.stdout.fileno(), b"", 0.0, float("inf")
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                if time.monotonic() >= due:
                    due = time.monotonic() + every_s
                    if not self._stopped and not tick():
                        deadline = self._ask_to_stop()
                if time.monotonic() > deadline:
                    self._kill()
                if not selector.select(timeout=max(0.0, min(due, deadline) - time.monotonic())):
                    if self._process.poll() is not None:  # something that it started holds the pipe
                        self._kill()
                    continue
                chunk = os.read(pipe, CHUNK)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                yield from filter(None, map(_parsed, lines))

    def _ask_to_stop(self) -> float:
        """SIGTERM to the grading alone, which then undoes what it made; returns when that must be over."""
        self._stopped = True
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return time.monotonic() + self._settings.stop_s

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _log(self) -> str:
        """The end of what it wrote on standard error."""
        with contextlib.suppress(OSError):
            return (self._folder / "child.log").read_text(errors="replace")[-LOG_TAIL:]
        return ""


def _parsed(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _died(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _environment() -> dict[str, str]:
    """Ours, with this very checkout importable, since the child's working folder is another one; without the database, which it does not need."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {name: value for name, value in os.environ.items() if name != "GRADER_DATABASE_URL"} | {"PYTHONPATH": path}
