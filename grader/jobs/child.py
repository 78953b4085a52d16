"""The process that grades one job, so that a grading can be stopped, and a crash in it kills nothing else.

It reads one line of JSON from its standard input (the job, the output folder, the pipeline), says what happens as JSON lines on its
standard output, and ends with one that says how it went. Standard input stays open as long as the worker lives: its end means that the
worker is gone, and a grading that nobody will publish undoes what it made and stops.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.jobs.model import Job
from grader.jobs.policy import SUBMITTER
from grader.run.signals import orderly_end
from grader.schema.base import Culprit
from grader.schema.causes import Failure, Trouble, UsageError
from grader.schema.result import Result
from harness.progress import Progress

Pipeline = Callable[[Job, Path, Progress], Result | None]


class Reporter:
    """Progress as JSON lines on a descriptor of its own, which nothing else that prints can reach."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def say(self, event: str, **facts: Any) -> None:
        """One line. A worker that no longer listens is no reason to fail: the watch on standard input ends us."""
        line = json.dumps({"event": event, **facts}).encode() + b"\n"
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except BrokenPipeError:
                return

    def started(self, stage: str) -> None:
        self.say("started", stage=stage)

    def note(self, stage: str, text: str) -> None:
        self.say("note", stage=stage, text=text)

    def finished(self, stage: str, seconds: float, failure: Failure | None) -> None:
        facts = {"culprit": failure.culprit.value, "text": failure.sentence} if failure else {}
        self.say("finished", stage=stage, seconds=round(seconds, 2), **facts)


def main() -> None:
    """Entry point of `python -m grader.jobs.child`."""
    report = Reporter(os.dup(sys.stdout.fileno()))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    order = json.loads(_line(sys.stdin.fileno()))
    threading.Thread(target=_end_with_worker, args=(sys.stdin.fileno(), float(order["stop_s"])), daemon=True).start()
    try:
        with orderly_end():
            result = _pipeline(order["pipeline"])(Job.load(order["job"]), Path(order["out"]), report)
            report.say("end", failures=_failures(result))
    except UsageError as error:
        report.say("end", culprit=SUBMITTER, cause="usage", error=str(error))
    except Trouble as error:
        report.say("end", culprit=error.culprit.value, cause=error.cause, error=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker must hear of it in words
        traceback.print_exc()
        defect = Trouble("internal_error", f"{type(error).__name__}: {error}")
        report.say("end", culprit=Culprit.GRADER.value, cause=defect.cause, error=str(defect))


def _failures(result: Result | None) -> list[list[str]]:
    """[culprit, cause] of everything that went wrong where that left too little for a verdict; empty when there is one."""
    if result is None or result.status != "insufficient_evidence":
        return []
    return [[failure.culprit.value, failure.cause] for failure in result.failures]


def _pipeline(reference: str) -> Pipeline:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def _line(descriptor: int) -> bytes:
    read = b""
    while not read.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            sys.exit("the worker said nothing")
        read += byte
    return read


def _end_with_worker(descriptor: int, stop_s: float) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(stop_s)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main()
