"""One fresh start for a service that ended or went silent, and none for one that answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from grader.schema.causes import Trouble
from harness.sandbox.container import Candidate, ContainerState
from harness.sandbox.revival import bring_back

UP = ContainerState(running=True, paused=False, pid=7, exit_code=0, oom_killed=False, restart_count=0)
DOWN = ContainerState(running=False, paused=False, pid=0, exit_code=137, oom_killed=True, restart_count=0)


@dataclass
class Service:
    """Answers or not, before and after a fresh start. Stands in for a candidate and for its client."""

    now: ContainerState
    answers: bool
    after: bool
    done: list[str] = field(default_factory=list)

    @property
    def client(self) -> Service:
        return self

    def get(self, path: str) -> SimpleNamespace:
        assert path == "/healthz"
        return SimpleNamespace(status=200 if self.answers else None)

    def state(self) -> ContainerState:
        return self.now

    def stop(self, timeout_s: float) -> None:
        self.done.append("stop")

    def start(self) -> None:
        self.done.append("start")
        self.now, self.answers = UP, self.after


def brought(service: Service) -> str | None:
    return bring_back(cast(Candidate, service), "/healthz", back_s=0.1)


def test_one_that_answers_is_left_alone() -> None:
    service = Service(UP, answers=True, after=True)
    assert brought(service) is None and service.done == []


@pytest.mark.parametrize(
    ("state", "done", "why"), [(DOWN, ["start"], "exit code 137, for its memory"), (UP, ["stop", "start"], "no answer on /healthz")]
)
def test_one_that_ended_or_went_silent_gets_a_fresh_start_and_the_reason_is_told(state: ContainerState, done: list[str], why: str) -> None:
    service = Service(state, answers=False, after=True)
    assert why in str(brought(service)) and service.done == done


def test_one_that_does_not_come_back_is_gone_by_its_own_doing() -> None:
    service = Service(UP, answers=False, after=False)
    with pytest.raises(Trouble, match="after a fresh start: its container runs") as gone:
        brought(service)
    assert gone.value.cause == "service_gone" and service.done == ["stop", "start"]
