"""The queue as the web half needs it. `grader.jobs` offers these; until it does, tests bring one in memory."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from grader.web.trouble import UnavailableError


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """What is to be graded. `origin` is an https git URL, or `upload:<sha256>` for an archive in the store. `key` names the request: the
    same key never makes a second job. `owner` is who shares the queue fairly with others."""

    key: str
    origin: str
    challenge: str
    mode: str
    attempt: int
    owner: str


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands. `position` counts from 1; `result` is the folder in the store that holds result.json once it is DONE.

    A QUEUED job with an `error` is going to be tried again, not before `not_before` (seconds since 1970, UTC).
    """

    state: JobState
    position: int | None = None
    expected_wait_s: float | None = None
    error: str = ""
    culprit: str = ""
    result: str = ""
    not_before: float | None = None


class Health(Protocol):
    """The queue at a glance. `capacity` is how many gradings can be under way at once on the workers that take work."""

    queued: int
    running: int

    @property
    def capacity(self) -> int: ...


@dataclass(frozen=True)
class StageProgress:
    """One stage of a grading. `state` is running, ok, failed (the candidate's doing) or unknown (ours or the host's)."""

    stage: str
    state: str
    seconds: float
    note: str = ""


class Queue(Protocol):
    """The seam without its worker."""

    def submit(self, job: Job) -> str:
        """Queue a job and return its id; an equal key gives the same id. Raises UnavailableError when the queue cannot be reached."""

    def cancel(self, job: str) -> bool:
        """End a job that has not ended. False when it had."""

    def status(self, jobs: Sequence[str]) -> Mapping[str, JobStatus]:
        """Where several jobs stand; unknown ids are left out."""

    def progress(self, job: str) -> Sequence[StageProgress]:
        """The stages of one job so far, in order."""

    def health(self) -> Health:
        """How full the queue is, and who works on it."""


@lru_cache(maxsize=1)
def queue() -> Queue:
    """The queue of this process. UnavailableError when this installation has none."""
    try:
        return importlib.import_module("grader.jobs").queue()  # type: ignore[no-any-return]
    except (ImportError, AttributeError) as error:
        raise UnavailableError(f"This installation has no queue ({error}): install the extra [web] whole.") from error
