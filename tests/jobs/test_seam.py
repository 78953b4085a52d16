"""Submit, cancel, status, health: on SQLite and on PostgreSQL, with no worker."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.jobs.metrics import exposition
from grader.jobs.model import Job, JobState, Priority, UnavailableError
from grader.jobs.seam import Queue, versions
from grader.jobs.settings import JobSettings
from grader.jobs.store import Store
from grader.jobs.tables import job
from jobs.conftest import Hosts

JOB = Job(origin="https://example.org/a.git", challenge="fraud-scoring", owner="ann")


def test_the_same_request_is_one_job(hosts: Hosts) -> None:
    first = hosts.queue.submit(JOB)
    assert hosts.queue.submit(replace(JOB, owner="bob")) == first
    assert hosts.queue.submit(replace(JOB, attempt=2)) != first
    assert hosts.queue.health().queued == 2
    assert hosts.kinds(first) == ["submitted"]


def test_the_same_request_from_many_at_once_is_one_job(hosts: Hosts) -> None:
    hosts.queue.health()
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(hosts.queue.submit(JOB))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8 and len(set(ids)) == 1
    assert hosts.kinds(ids[0]) == ["submitted"]


def test_submitters_take_turns_and_what_is_high_comes_first(hosts: Hosts) -> None:
    many = [hosts.submit("sleep:0", owner="ann") for _ in range(5)]
    one = hosts.submit("sleep:0", owner="bob")
    low = hosts.submit("sleep:0", owner="cid", priority=Priority.LOW)
    high = hosts.submit("sleep:0", owner="ann", priority=Priority.HIGH)
    places = {id: status.position for id, status in hosts.queue.status([*many, one, low, high]).items()}
    assert places[high] == 1
    assert sorted([places[many[0]], places[one]]) == [2, 3]
    assert places[low] == 4, "it gives way within a turn, and is not kept from it"
    assert [places[id] for id in many[1:]] == [5, 6, 7, 8]


def test_a_single_one_goes_before_the_same_submitters_table(hosts: Hosts) -> None:
    rows = [hosts.submit("sleep:0", owner="ann", priority=Priority.LOW) for _ in range(5)]
    single = hosts.submit("sleep:0", owner="ann")
    assert (hosts.status(single).position, hosts.status(rows[0]).position) == (1, 2)


def test_whoever_hands_in_without_end_keeps_nobodys_table_waiting(hosts: Hosts) -> None:
    row = hosts.submit("sleep:0", owner="bob", priority=Priority.LOW)
    for _ in range(20):
        hosts.submit("sleep:0", owner="ann")
    assert hosts.status(row).position == 2
    with hosts.queue.db.transaction() as connection:
        connection.execute(job.update().where(job.c.owner == "ann").values(first_started=1.0, state="done"))
    later = hosts.submit("sleep:0", owner="bob", priority=Priority.LOW)
    hosts.submit("sleep:0", owner="ann")
    assert (hosts.status(row).position, hosts.status(later).position) == (1, 3), "classes share what has been served"


def test_what_waits_can_be_moved_into_a_higher_class_once(hosts: Hosts) -> None:
    first, second, last = hosts.submit("sleep:0"), hosts.submit("sleep:0"), hosts.submit("sleep:0", priority=Priority.LOW)
    assert hosts.queue.hasten(last, Priority.HIGH)
    assert [hosts.status(id).position for id in (last, first, second)] == [1, 2, 3]
    assert hosts.queue.hasten(last, Priority.HIGH) and hosts.queue.hasten(last, Priority.NORMAL)
    assert hosts.status(last).position == 1, "never down"
    hosts.queue.cancel(second)
    assert not hosts.queue.hasten(second, Priority.HIGH) and not hosts.queue.hasten("unknown", Priority.HIGH)
    assert hosts.kinds(last) == ["submitted", "hastened"]


def test_what_was_served_in_one_class_costs_nobody_his_turn_in_another(hosts: Hosts) -> None:
    served = hosts.submit("sleep:0", priority=Priority.LOW)
    with hosts.queue.db.transaction() as connection:
        connection.execute(job.update().where(job.c.id == served).values(turn=500, first_started=1.0, state="done"))
    many = [hosts.submit("sleep:0", owner="ann") for _ in range(3)]
    late = hosts.submit("sleep:0", owner="bob")
    assert (hosts.status(late).position or 0) < (hosts.status(many[1]).position or 0)


def test_what_waits_can_be_cancelled_once(hosts: Hosts) -> None:
    id = hosts.submit("sleep:0")
    behind = hosts.submit("sleep:0")
    assert hosts.queue.cancel(id)
    assert not hosts.queue.cancel(id)
    assert not hosts.queue.cancel("unknown")
    assert hosts.status(id).state is JobState.CANCELLED
    assert hosts.status(behind).position == 1
    assert hosts.queue.status(["unknown"]) == {} and hosts.queue.status([]) == {}


def test_health_says_that_nobody_works(hosts: Hosts) -> None:
    hosts.submit("sleep:0")
    health = hosts.queue.health()
    assert (health.queued, health.running, health.capacity, health.workers) == (1, 0, 0, [])
    assert hosts.status(hosts.submit("sleep:0")).expected_wait_s is None


def test_the_queue_answers_fast_with_many_in_it(hosts: Hosts) -> None:
    """The pages promise 200 ms for handing in and 300 ms for a list of two hundred."""
    ids = [hosts.submit("sleep:0", owner=f"owner{number % 7}") for number in range(200)]
    begin = time.perf_counter()
    hosts.submit("sleep:0")
    middle = time.perf_counter()
    assert len(hosts.queue.status(ids)) == 200
    assert middle - begin < 0.1 and time.perf_counter() - middle < 0.15


def test_a_database_of_a_newer_grader_is_left_alone(tmp_path: Path) -> None:
    queue = Queue(JobSettings(data_dir=tmp_path))
    queue.health()
    with queue.db.transaction() as connection:
        connection.exec_driver_sql("UPDATE grader_jobs_version SET version = 99")
    with pytest.raises(UnavailableError, match="version 99"):
        Queue(JobSettings(data_dir=tmp_path)).health()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="file"):
        Queue(JobSettings(data_dir=tmp_path / "file" / "below")).submit(replace(JOB, key="k"))


def test_a_database_that_is_away_is_said_in_one_line(tmp_path: Path) -> None:
    away = JobSettings(data_dir=tmp_path, database_url="postgresql://grader@127.0.0.1:1/none")
    with pytest.raises(UnavailableError, match="does not answer") as caught:
        Queue(away).status(["a"])
    assert "\n" not in str(caught.value)


def test_versions_are_those_of_grader_challenge_and_rubric() -> None:
    assert set(versions(JOB)) == {"grader", "challenge", "rubric"} and all(versions(JOB).values())


def test_what_ended_can_be_forgotten_with_all_that_is_known_of_it(hosts: Hosts) -> None:
    """But for archives: the one who took them in knows who else waits for them."""
    gone, waits = hosts.submit("upload:aa", owner="ann"), hosts.submit("upload:bb")
    store = Store(hosts.settings.store)
    for key in ("uploads/aa", f"results/{gone}/result.json", f"results/{waits}/result.json"):
        store.put_once(key, b"x")
    hosts.queue.cancel(gone)
    assert list(hosts.queue.forget([gone, waits, "unknown"])) == [gone]
    assert set(hosts.queue.status([gone, waits])) == {waits}
    assert hosts.kinds(gone) == [] and hosts.kinds(waits) == ["submitted"]
    assert store.keys("") == [f"results/{waits}/result.json", "uploads/aa"]


def test_only_what_ended_long_ago_is_named_as_old(hosts: Hosts) -> None:
    old, young, waits = (hosts.submit("sleep:0") for _ in range(3))
    for id in (old, young):
        hosts.queue.cancel(id)
    with hosts.queue.db.transaction() as connection:
        connection.execute(job.update().where(job.c.id == old).values(ended=job.c.ended - 1000))
    assert list(hosts.queue.ended_before(500)) == [old]
    assert set(hosts.queue.ended_before(-1)) == {old, young} and waits


def test_prometheus_is_told_what_the_queue_holds(hosts: Hosts) -> None:
    hosts.queue.cancel(hosts.submit("sleep:0"))
    hosts.submit("sleep:0")
    said = exposition(hosts.queue).decode()
    for line in ('grader_jobs{state="queued"} 1.0', 'grader_jobs{state="cancelled"} 1.0', 'grader_job_events_total{kind="submitted"} 2.0'):
        assert line in said.splitlines()
    assert "grader_queue_oldest_seconds" in said and "grader_job_seconds_count 0" in said
