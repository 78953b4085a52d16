"""The queue's seam without a worker: a test moves jobs on by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.jobs import Health, Job, JobState, JobStatus, Priority, StageProgress, UnavailableError, WorkerStatus
from grader.web import seam

USUAL_S = 240.0


class QueueInMemory:
    """`down` makes every call fail as a lost database would."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.states: dict[str, JobStatus] = {}
        self.stages: dict[str, list[StageProgress]] = {}
        self.down = False
        self.submitted = 0
        self.workers = [WorkerStatus("bench", "ready", "", 0, 1, 0.5, True)]

    def submit(self, job: Job) -> str:
        self._answer()
        id = seam.identity(job, {})
        if id not in self.jobs:
            self.submitted += 1
            self.jobs[id] = job
            self.states[id] = JobStatus(JobState.QUEUED)
        return id

    def cancel(self, id: str) -> bool:
        self._answer()
        if id not in self.states or self.states[id].state not in (JobState.QUEUED, JobState.RUNNING):
            return False
        self.states[id] = JobStatus(JobState.CANCELLED)
        return True

    def hasten(self, id: str, priority: Priority) -> bool:
        self._answer()
        if id not in self.states or self.states[id].state is not JobState.QUEUED:
            return False
        self.jobs[id] = replace(self.jobs[id], priority=min(priority, self.jobs[id].priority))
        return True

    def status(self, ids: Sequence[str]) -> Mapping[str, JobStatus]:
        self._answer()
        line = [id for id, status in self.states.items() if status.state is JobState.QUEUED]
        places = {id: place for place, id in enumerate(line, start=1)}
        return {
            id: replace(self.states[id], position=places[id], expected_wait_s=(places[id] - 1) * USUAL_S) if id in places else self.states[id]
            for id in ids if id in self.states
        }  # fmt: skip

    def progress(self, id: str) -> Sequence[StageProgress]:
        self._answer()
        return self.stages.get(id, [])

    def health(self) -> Health:
        self._answer()
        states = [status.state for status in self.states.values()]
        return Health(*(states.count(state) for state in JobState), oldest_s=0.0, workers=self.workers)

    def forget(self, ids: Sequence[str]) -> Sequence[str]:
        """Ended jobs go, with what they published."""
        self._answer()
        known = [id for id in ids if id in self.states and self.states[id].state.ended]
        for id in known:
            seam.store().remove(f"results/{id}")
            self.jobs.pop(id), self.states.pop(id)
        return known

    def run(self, id: str, *stages: StageProgress) -> None:
        self.states[id] = JobStatus(JobState.RUNNING)
        self.stages[id] = list(stages)

    def finish(self, id: str) -> None:
        self.states[id] = JobStatus(JobState.DONE, result=f"results/{id}")

    def fail(self, id: str, error: str) -> None:
        self.states[id] = JobStatus(JobState.FAILED, error=error, culprit="candidate")

    def _answer(self) -> None:
        if self.down:
            raise UnavailableError("The queue's database does not answer.")
