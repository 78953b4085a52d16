"""Other work on the host, on purpose: a busy process on every core and one that writes to the disk, while a grading measures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.schema.causes import Failure, Trouble
from harness.progress import Progress

PROGRAM = Path(__file__).with_name("burn.py")
BUSY = b"busy\n"
SLOT = "slot"


class Neighbour:
    """Context manager: one process per core at ordinary priority, and one that writes 10 MiB/s into `folder`; gone after the block.

    They end when their standard input does, so that they are gone too where this process is killed.
    """

    def __init__(self, cores: Iterable[int], folder: Path) -> None:
        self._tasks = [("cpu", str(core)) for core in sorted(cores)] + [("disk", str(folder))]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            for task in self._tasks:
                self._start(starting, task)
            self._stack = starting.pop_all()
        return self

    @staticmethod
    def _start(starting: ExitStack, task: tuple[str, str]) -> None:
        process = subprocess.Popen([sys.executable, str(PROGRAM), *task], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        starting.enter_context(process)  # closes its pipes and waits for it
        starting.callback(process.kill)
        if process.stdout is None or process.stdout.readline() != BUSY:
            raise Trouble("internal_error", f"the busy neighbour did not start ({' '.join(task)})")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()


class Beside:
    """Progress of a grading whose neighbour comes as soon as the measurement slot is held, and goes with the block.

    Not before: while we wait, somebody else is measuring on this host.
    """

    def __init__(self, progress: Progress, neighbour: Neighbour) -> None:
        self._progress, self._neighbour = progress, neighbour
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def started(self, stage: str) -> None:
        self._progress.started(stage)

    def note(self, stage: str, text: str) -> None:
        self._progress.note(stage, text)

    def finished(self, stage: str, seconds: float, failure: Failure | None) -> None:
        if stage == SLOT and failure is None:
            self._stack.enter_context(self._neighbour)
            self._progress.note(SLOT, "a busy neighbour is here")
        self._progress.finished(stage, seconds, failure)
