"""What we take for granted of the workflow engine, in this process: enqueue once, look up, drop, recover, forget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.jobs.durable import Durable, name, recover
from grader.jobs.settings import JobSettings


class Played:
    """Gradings that only write down what they were asked."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, int]] = []
        self.published: list[tuple[str, Any]] = []
        self.hold = threading.Event()
        self.hold.set()

    def run(self, id: str, dispatch: int) -> dict[str, Any]:
        self.ran.append((id, dispatch))
        self.hold.wait(20)
        if id == "bad":
            raise RuntimeError("a defect")
        return {"kind": "staged", "run": 1}

    def publish(self, id: str, outcome: dict[str, Any]) -> None:
        self.published.append((id, outcome))


@pytest.fixture
def played() -> Played:
    return Played()


@pytest.fixture
def durable(tmp_path: Path, played: Played) -> Iterator[Durable]:
    made = Durable(JobSettings(data_dir=tmp_path, poll_s=0.1, worker_jobs=1), "me", played)  # type: ignore[arg-type]
    made.launch()
    yield made
    made.land(0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_workflow_runs_its_two_steps_once_however_often_it_is_enqueued(durable: Durable, played: Played) -> None:
    for _ in range(3):
        durable.enqueue("a", 0, 1)
    until(lambda: durable.look_up(["a.0"])["a.0"].over)
    durable.enqueue("a", 0, 1)
    time.sleep(0.5)
    assert played.ran == [("a", 0)] and played.published == [("a", {"kind": "staged", "run": 1})]
    assert durable.active == set()


def test_the_lower_rank_goes_first(durable: Durable, played: Played) -> None:
    played.hold.clear()
    durable.enqueue("first", 0, 9)
    until(lambda: played.ran == [("first", 0)])  # the only place is taken now
    for id, rank in (("c", 3), ("b", 2), ("a", 1)):
        durable.enqueue(id, 0, rank)
    played.hold.set()
    until(lambda: len(played.published) == 4)
    assert [id for id, _ in played.ran] == ["first", "a", "b", "c"]


def test_a_defect_ends_the_workflow_and_nothing_is_published(durable: Durable, played: Played) -> None:
    durable.enqueue("bad", 0, 1)
    until(lambda: durable.look_up(["bad.0"])["bad.0"].over)
    assert durable.look_up(["bad.0"])["bad.0"].status == "ERROR" and played.published == []


def test_what_is_dropped_does_not_run(durable: Durable, played: Played) -> None:
    played.hold.clear()
    durable.enqueue("first", 0, 1)
    until(lambda: played.ran == [("first", 0)])
    durable.enqueue("second", 0, 2)
    durable.drop("second.0")
    played.hold.set()
    until(lambda: len(played.published) == 1)
    time.sleep(0.5)
    assert durable.look_up(["second.0"])["second.0"].over and played.ran == [("first", 0)]
    assert durable.look_up(["unknown.0"]) == {}


def test_what_is_over_is_forgotten_and_what_is_young_is_kept(durable: Durable, played: Played) -> None:
    durable.enqueue("a", 0, 1)
    until(lambda: durable.look_up(["a.0"])["a.0"].over)
    assert durable.prune(3600) == 0
    assert durable.prune(-3600) == 1
    assert durable.look_up([name("a", 0)]) == {}


def test_recovering_nobody_is_harmless(durable: Durable) -> None:
    assert recover("nobody") == 0 and durable.claimants() == set()
