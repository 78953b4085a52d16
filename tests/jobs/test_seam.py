"""Submit, cancel, status, health: on SQLite and on PostgreSQL, with no worker."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from jobs.conftest import Hosts

from grader.jobs.model import Job, JobState, Priority, UnavailableError
from grader.jobs.seam import Queue, versions
from grader.jobs.settings import JobSettings

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


def test_submitters_take_turns_and_classes_come_first(hosts: Hosts) -> None:
    many = [hosts.submit("sleep:0", owner="ann") for _ in range(5)]
    one = hosts.submit("sleep:0", owner="bob")
    low = hosts.submit("sleep:0", owner="cid", priority=Priority.LOW)
    high = hosts.submit("sleep:0", owner="ann", priority=Priority.HIGH)
    places = {id: status.position for id, status in hosts.queue.status([*many, one, low, high]).items()}
    assert places[high] == 1
    assert sorted([places[many[0]], places[one]]) == [2, 3]
    assert [places[id] for id in many[1:]] == [4, 5, 6, 7]
    assert places[low] == 8


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
