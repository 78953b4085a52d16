"""The words of the queue: what is asked for, and where it stands. Shared by the pages, the worker and the child that grades."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Any


class UnavailableError(Exception):
    """Database or artifact store does not answer. Nothing was lost; the message is one line for people."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Priority(IntEnum):
    """HIGH goes before all else. NORMAL and LOW share the turns that submitters take, each submitter having one of either per turn; within
    a turn NORMAL comes first. So nobody's NORMAL jobs, however many, keep anybody's LOW ones from their turn."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


@dataclass(frozen=True)
class Job:
    """What is to be graded.

    `origin` is an https git URL, a local folder, or `upload:<sha256>` for an archive in the store. `owner` is who shares the queue fairly
    with others. `key` names the request: the same key never makes a second job. Without one the content does: see `identity`.
    `rescore` is the id of an earlier job whose evidence is judged anew by today's rubric instead of measuring again.
    """

    origin: str
    challenge: str
    mode: str = "standard"
    attempt: int = 1
    owner: str = ""
    key: str = ""
    commit: str = ""
    rescore: str = ""
    priority: Priority = Priority.NORMAL

    def dump(self) -> dict[str, Any]:
        return asdict(self) | {"priority": int(self.priority)}

    @classmethod
    def load(cls, saved: dict[str, Any]) -> Job:
        return cls(**(saved | {"priority": Priority(saved["priority"])}))


def identity(job: Job, versions: dict[str, str]) -> str:
    """The job's id, 32 hex digits: a digest of its key, or of repository, commit, challenge, mode, attempt and `versions` (of grader,
    challenge and rubric). Another attempt, or another version, is another job; owner and priority are not."""
    named: dict[str, Any] = {"key": job.key} if job.key else {
        "origin": job.origin, "commit": job.commit, "challenge": job.challenge, "mode": job.mode, "attempt": job.attempt, "rescore": job.rescore,
        "versions": versions,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands. `position` counts from 1; `result` is the folder in the store that holds result.json once it is DONE.

    `error` says why the last try gave nothing; a QUEUED job with an error is going to be tried again, not before `not_before` (seconds
    since 1970, UTC). `run` counts how often a worker began with it.
    """

    state: JobState
    position: int | None = None
    expected_wait_s: float | None = None
    error: str = ""
    culprit: str = ""
    result: str = ""
    worker: str = ""
    run: int = 0
    not_before: float | None = None


@dataclass(frozen=True)
class StageProgress:
    """One stage of a grading. `state` is running, ok, failed (the candidate's doing) or unknown (ours or the host's)."""

    stage: str
    state: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a job. `at` is in seconds since 1970, UTC."""

    number: int
    job: str
    at: float
    kind: str
    run: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class WorkerStatus:
    """One worker as it last said. `state` is starting, ready, waiting (`reason` says for what), draining or gone; one that fell silent is
    not alive, whatever it said last."""

    name: str
    state: str
    reason: str
    running: int
    capacity: int
    silent_s: float
    alive: bool


@dataclass(frozen=True)
class Health:
    """The queue at a glance. `oldest_s` is how long the first in the queue has waited."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    oldest_s: float
    workers: list[WorkerStatus]

    @property
    def capacity(self) -> int:
        """How many gradings can be under way at once, on workers that take work."""
        return sum(worker.capacity for worker in self.workers if worker.alive and worker.state == "ready")
