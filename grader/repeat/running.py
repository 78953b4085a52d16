"""Carries out what is missing of a series, one whole grading after the other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from grader.repeat.neighbour import Beside, Neighbour
from grader.repeat.series import Question, anchor, grading, place, present
from grader.run.grade import grade
from grader.schema.causes import UsageError
from grader.schema.result import Result
from harness.collect import Request
from harness.progress import Progress


def carry_out(
    request: Request, series: Path, count: int, watching: Callable[[], AbstractContextManager[Progress]], *, noise: bool, new_draws: bool
) -> Iterator[tuple[int, bool, Result]]:
    """Grade until the series has `count` repeats; yields (number, noisy, result) after each.

    With `noise` every second one runs beside a busy neighbour. With `new_draws` each has an attempt number of its own, else all draw
    the same streams. Raises UsageError as soon as a repeat is of something else than the first, Trouble as any grading does.
    """
    cores = os.sched_getaffinity(0)
    _same_question(request, series)
    done = present(series)
    for number in range(1, count + 1):
        if number in done:
            continue
        noisy = noise and number % 2 == 0
        out = place(series, number, noisy=noisy)
        asked = replace(request, attempt=request.attempt + number - 1) if new_draws else request
        with ExitStack() as stack:
            progress = stack.enter_context(watching())
            if noisy:
                progress = stack.enter_context(Beside(progress, Neighbour(cores, series)))
            result = grade(asked, out, progress)
        _same_answerer(series, out)
        yield number, noisy, result


def _same_question(request: Request, series: Path) -> None:
    """Before anything is started: the folder may hold repeats of another challenge or mode."""
    first, asked = anchor(series), Question.of(request.challenge.spec, request.mode)
    if first is not None and (different := asked.unlike(first.question)):
        raise UsageError(f"{series} holds a grading of {different}: choose another folder with -o")


def _same_answerer(series: Path, out: Path) -> None:
    """A repeat of a submission that changed meanwhile is no repeat, and is not left to spoil the series."""
    first, found = anchor(series), grading(out)
    if first is None or found is None:
        raise UsageError(f"{out} holds no bundle that can be read: run the same command again")
    if different := first.unlike(found):
        shutil.rmtree(out)
        raise UsageError(f"the repeat was a grading of {different}: choose another folder with -o")
