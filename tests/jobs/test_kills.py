"""Whatever is killed, at whatever moment: nothing is lost and nothing is published twice."""

from __future__ import annotations

import json
import random
import signal
import time

import pytest

from grader.jobs import publish
from grader.jobs.model import JobState
from grader.jobs.store import Store
from jobs.conftest import Hosts
from jobs.test_worker import working_in


def assert_each_ended_exactly_once(hosts: Hosts, ids: list[str]) -> None:
    """One ending per job, one whole result per job, all of one run, and that run the one that the database tells of."""
    store = Store(hosts.settings.store)
    for id in ids:
        status = hosts.status(id)
        assert status.state is JobState.DONE, (status, hosts.kinds(id))
        assert hosts.kinds(id).count("done") == 1
        assert sorted(key.rpartition("/")[2] for key in store.keys(publish.folder(id))) == [
            "bundle.tar.gz", "claim.json", "report.html", "result.json",
        ]  # fmt: skip
        claim = json.loads(store.read(f"{publish.folder(id)}/claim.json") or b"{}")
        done = next(event for event in hosts.queue.events(id) if event.kind == "done")
        assert claim["run"] == done.run == status.run
    assert store.keys("staging") == []


def test_a_worker_killed_in_mid_job_is_succeeded_at_once(hosts: Hosts) -> None:
    worker = hosts.worker()
    ids = [hosts.submit("sleep:2") for _ in range(3)]
    hosts.until(lambda: hosts.queue.health().running == 2)
    worker.kill()
    worker.wait()
    hosts.until(lambda: working_in(hosts.settings.folder / "scratch") == [], seconds=10)  # the children notice by themselves
    hosts.worker()
    hosts.until_ended(*ids)
    assert_each_ended_exactly_once(hosts, ids)
    assert sorted(hosts.status(id).run for id in ids) == [1, 2, 2]


def test_a_host_that_is_lost_for_good_is_found_out_by_the_others(fleet: Hosts) -> None:
    lost = fleet.worker(host=1)
    id = fleet.submit("sleep:1")
    fleet.until(lambda: fleet.status(id).state is JobState.RUNNING)
    lost.kill()
    begin = time.monotonic()
    fleet.worker(host=2)
    fleet.until_ended(id)
    assert time.monotonic() - begin < 20
    assert_each_ended_exactly_once(fleet, [id])
    assert fleet.status(id).run == 2


def test_a_worker_that_was_frozen_and_wakes_up_publishes_nothing(fleet: Hosts) -> None:
    """The zombie: given up for lost, its job done by another, and only then does it go on."""
    zombie = fleet.worker(host=1)
    id = fleet.submit("sleep:2")
    fleet.until(lambda: fleet.status(id).state is JobState.RUNNING and len(fleet.queue.progress(id)) == 2)
    zombie.send_signal(signal.SIGSTOP)
    fleet.worker(host=2)
    fleet.until_ended(id)
    assert fleet.status(id).run == 2
    zombie.send_signal(signal.SIGCONT)
    later = fleet.submit("sleep:0")
    fleet.until_ended(later)
    time.sleep(3)
    assert_each_ended_exactly_once(fleet, [id, later])
    assert zombie.poll() is None
    assert len([one for one in fleet.queue.health().workers if one.alive]) == 2


def test_a_job_that_kills_every_worker_ends_with_a_reason(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun anew a number of times, then held to be the job's own doing and handed to the policy."""
    from grader.jobs import rows, tables

    id = hosts.submit("sleep:30")
    worker = hosts.worker()
    hosts.until(lambda: hosts.status(id).state is JobState.RUNNING)
    with hosts.queue.db.transaction() as connection:
        connection.execute(tables.job.update().values(restarts=8))
    worker.kill()
    worker.wait()
    hosts.worker()
    hosts.until(lambda: "retry" in hosts.kinds(id))
    assert "workers died" in hosts.status(id).error
    assert rows.tries(hosts.queue.db, id) == 1


def rain(hosts: Hosts, jobs: int, every_s: tuple[float, float], seed: int, seconds: float) -> tuple[int, float]:
    """`jobs` over two workers, one of which is SIGKILLed every few seconds and started again. (kills, seconds)."""
    chance = random.Random(seed)
    ids = [hosts.submit(f"sleep:{chance.uniform(0.1, 1.0):.2f}", owner=f"owner{number % 5}") for number in range(jobs)]
    workers = [hosts.worker(host=0), hosts.worker(host=1)]
    begin, kills = time.monotonic(), 0
    while not all(status.state.ended for status in hosts.queue.status(ids).values()):
        assert time.monotonic() - begin < seconds, (hosts.queue.health(), hosts.said()[-5000:])
        time.sleep(chance.uniform(*every_s))
        victim = chance.randrange(2)
        workers[victim].kill()
        workers[victim].wait()
        kills += 1
        workers[victim] = hosts.worker(host=victim)
    took = time.monotonic() - begin
    assert_each_ended_exactly_once(hosts, ids)
    runs = [hosts.status(id).run for id in ids]
    print(f"{jobs} jobs, {kills} kills, {sum(runs)} runs, {took:.0f} s")
    return kills, took


def test_a_dozen_jobs_end_exactly_once_while_workers_are_killed(hosts: Hosts) -> None:
    kills, _ = rain(hosts, jobs=12, every_s=(3.0, 4.0), seed=1, seconds=120)
    assert kills >= 2


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_a_hundred_jobs_end_exactly_once_while_workers_are_killed(hosts: Hosts) -> None:
    kills, _ = rain(hosts, jobs=100, every_s=(2.0, 6.0), seed=2, seconds=1200)
    assert kills >= 10
