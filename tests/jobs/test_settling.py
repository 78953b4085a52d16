"""Publication is cut short after every single thing it does to store and database, then repeated by another worker; and zombies try theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from grader.jobs import publish, rows
from grader.jobs.database import Database
from grader.jobs.gradings import Gradings, Outcome
from grader.jobs.model import Job, JobState
from grader.jobs.seam import Queue
from grader.jobs.settings import JobSettings
from grader.jobs.store import Store

MOST_ACTS = 60


class Death(BaseException):
    """The worker is killed here."""


class Life:
    """Counts acts on the world; the one that it is told is the last."""

    def __init__(self, last: int | None = None) -> None:
        self.acts, self.last = 0, last

    def act(self) -> None:
        self.acts += 1
        if self.acts == self.last:
            raise Death


class MortalStore(Store):
    def __init__(self, url: str, life: Life) -> None:
        super().__init__(url)
        self._life = life

    def put_once(self, key: str, content: bytes | Path) -> bool:
        done = super().put_once(key, content)
        self._life.act()
        return done

    def remove(self, prefix: str) -> int:
        """One object after another, so that death may come between them."""
        found = self.keys(prefix)
        for key in found:
            super().remove(key)
            self._life.act()
        return len(found)


class MortalDatabase(Database):
    def __init__(self, settings: JobSettings, life: Life) -> None:
        super().__init__(settings)
        self._life = life

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with super().transaction() as connection:
            yield connection
        self._life.act()


class World:
    """One job on one SQLite file and one store, and the workers that come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = JobSettings(data_dir=folder)
        self.queue = Queue(self.settings)
        self.store = Store(self.settings.store)
        self.id = self.queue.submit(Job(origin="x", challenge="none", key="k"))

    def worker(self, life: Life | None = None) -> Gradings:
        life = life or Life()
        store, db = MortalStore(self.settings.store, life), MortalDatabase(self.settings, life)
        return Gradings(self.settings, db, store, "worker", self.folder / "scratch")

    def ran(self, dispatch: int = 0) -> Outcome:
        """A run up to the end of its first step."""
        row = rows.begin(self.queue.db, self.id, dispatch, "worker")
        assert row is not None
        out = self.folder / f"out-{row.run}"
        (out / "bundle").mkdir(parents=True)
        for name in ("result.json", "report.html"):
            (out / name).write_text(json.dumps({"run": row.run}))
        publish.stage(self.store, self.id, row.run, out)
        return {"kind": "staged", "run": row.run}

    def kinds(self) -> list[str]:
        return [event.kind for event in self.queue.events(self.id)]

    def assert_published_once(self, run: int) -> None:
        assert self.queue.status([self.id])[self.id].state is JobState.DONE
        assert self.kinds().count("done") == 1
        results = publish.folder(self.id)
        assert [key.rpartition("/")[2] for key in self.store.keys(results)] == ["bundle.tar.gz", "claim.json", "report.html", "result.json"]
        for name in ("claim.json", "result.json", "report.html"):
            assert json.loads(self.store.read(f"{results}/{name}") or b"") == {"run": run}
        assert self.store.keys("staging") == []


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def acts_of_a_publication(folder: Path) -> int:
    world, life = World(folder), Life()
    world.worker(life).publish(world.id, world.ran())
    return life.acts


def test_a_publication_cut_short_anywhere_is_finished_by_the_next_worker(tmp_path: Path) -> None:
    acts = acts_of_a_publication(tmp_path / "count")
    assert 8 < acts < MOST_ACTS
    for last in range(1, acts + 1):
        world = World(tmp_path / str(last))
        outcome = world.ran()
        with pytest.raises(Death):
            world.worker(Life(last)).publish(world.id, outcome)
        world.worker().publish(world.id, outcome)
        world.assert_published_once(run=1)


def test_before_it_is_whole_nobody_is_told_and_no_result_is_seen(tmp_path: Path) -> None:
    for last in range(1, acts_of_a_publication(tmp_path / "count") + 1):
        world = World(tmp_path / str(last))
        outcome = world.ran()
        with pytest.raises(Death):
            world.worker(Life(last)).publish(world.id, outcome)
        told = world.queue.status([world.id])[world.id].state is JobState.DONE
        names = {key.rpartition("/")[2] for key in world.store.keys(publish.folder(world.id))}
        assert not told or "result.json" in names
        assert "result.json" not in names or len(names) == 4


def test_a_zombie_that_wakes_after_its_job_was_published_changes_nothing(world: World) -> None:
    first = world.ran()
    second = world.ran()  # the first worker was given up for lost
    world.worker().publish(world.id, second)
    world.worker().publish(world.id, first)
    world.assert_published_once(run=2)


def test_a_zombie_that_wakes_before_changes_nothing_either(world: World) -> None:
    first, second = world.ran(), world.ran()
    world.worker().publish(world.id, first)
    assert world.queue.status([world.id])[world.id].state is JobState.RUNNING and world.store.keys("results") == []
    world.worker().publish(world.id, second)
    world.assert_published_once(run=2)


def test_a_failure_that_is_told_again_later_does_not_touch_the_next_try(world: World) -> None:
    row = rows.begin(world.queue.db, world.id, 0, "worker")
    assert row is not None
    failed: dict[str, Any] = {"kind": "failed", "run": row.run, "culprit": "host", "cause": "host_noisy", "error": "busy"}
    world.worker().publish(world.id, failed)
    second = world.ran(dispatch=1)
    world.worker().publish(world.id, failed)
    world.worker().publish(world.id, second)
    world.assert_published_once(run=2)
    assert world.kinds() == ["submitted", "started", "retry", "started", "done"]


def test_cancelled_before_publication_means_nothing_is_published(world: World) -> None:
    outcome = world.ran()
    assert world.queue.cancel(world.id)
    world.worker().publish(world.id, outcome)
    assert world.queue.status([world.id])[world.id].state is JobState.CANCELLED
    assert world.store.keys("results") == world.store.keys("staging") == []


def test_once_publication_has_begun_it_can_no_longer_be_cancelled(world: World) -> None:
    outcome = world.ran()
    with pytest.raises(Death):
        world.worker(Life(1)).publish(world.id, outcome)
    assert not world.queue.cancel(world.id)
    world.worker().publish(world.id, outcome)
    world.assert_published_once(run=1)


def test_a_job_cancelled_while_its_worker_died_is_settled_by_the_next(world: World) -> None:
    world.ran()
    assert world.queue.cancel(world.id)
    worker = world.worker()
    outcome = worker.run(world.id, 0)
    assert outcome == {"kind": "cancelled", "run": 1}
    worker.publish(world.id, outcome)
    assert world.queue.status([world.id])[world.id].state is JobState.CANCELLED
