"""Faults of processes, memory and /tmp: each on a good and on a bad service, told apart by the check that judges it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from challenges.simulator import Row
from faults.experiments import level, perform
from grader.schema.causes import Trouble
from harness.faults import process
from harness.faults.base import Scene
from harness.faults.process import helpers, workers
from harness.sandbox.helper import Process

engine = pytest.mark.engine
MIB = 1 << 20


@pytest.fixture(scope="module")
def good(start: Callable[..., Scene]) -> Scene:
    return start()


# ---- processes


@engine
def test_a_process_that_hears_sigterm_leaves_by_itself(good: Scene, rows: list[Row]) -> None:
    record = perform("pid1_signals", good, rows)
    assert record.injected and record.facts["exit_code"] == 0 and record.facts["ready_s"] > 0
    assert level("pid1_signals", record) == "leaves"


@engine
def test_a_deaf_first_process_is_killed(start: Callable[..., Scene], rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_S", 2.0)
    record = perform("pid1_signals", start(DRAIN="deaf"), rows)
    assert record.injected and record.facts["exit_code"] == 137
    assert level("pid1_signals", record) == "killed"


@engine
def test_a_killed_worker_is_replaced_and_hardly_noticed(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("worker_kill", start(WORKERS="3"), rows)
    assert record.injected and record.facts["workers"] == 3 and 0 < record.facts["respawn_s"] < 2
    assert level("worker_kill", record) == "unharmed"


@engine
def test_a_worker_that_nobody_replaces_is_seen(start: Callable[..., Scene], rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "RESPAWN_S", 1.0)
    record = perform("worker_kill", start(WORKERS="2", RESPAWN="0"), rows)
    assert record.injected and record.facts["respawn_s"] == -1
    assert level("worker_kill", record) == "limps"


@engine
def test_one_process_has_no_worker_to_kill(good: Scene, rows: list[Row]) -> None:
    record = perform("worker_kill", good, rows, after_s=0.2)
    assert not record.injected and record.facts["restarts"] == 0
    assert level("worker_kill", record) == "not_applicable"


def test_workers_are_the_largest_group_of_siblings_that_run_the_same() -> None:
    found = [
        Process(10, 0, "gunicorn master", 1), Process(11, 0, "log shipper", 10), Process(21, 0, "spawn_main(pipe_handle=7)", 10),
        Process(22, 0, "spawn_main(pipe_handle=9)", 10), Process(31, 0, "spawn_main(pipe_handle=7)", 22),
    ]  # fmt: skip
    assert [worker.pid for worker in workers(found, 10)] == [21, 22]
    assert workers(found[:3], 10) == []
    assert workers([], 10) == []


def test_helpers_are_children_of_a_main_process_that_serves_by_itself() -> None:
    def looked(*used: float) -> list[Process]:
        return [
            Process(10, 0, "python -m app", 1, used[0]), Process(11, 0, "python -c from multiprocessing.resource_tracker import main", 10, 0.0),
            Process(12, 0, "python -m monitor", 10, used[1]), Process(13, 0, "sleep 5", 12, 0.0),
        ]  # fmt: skip

    early = looked(1.0, 9.0)
    assert [helper.pid for helper in helpers(early, looked(1.3, 9.02), 10)] == [12]
    assert helpers(early, looked(1.0, 9.3), 10) == [], "its child serves: PID 1 is an init or a supervisor"
    assert helpers(early, early, 10) == [], "nobody was seen to work"
    assert helpers(early[:1], looked(1.3, 9.0), 10) == [], "only what lives for a while is a helper"
    assert helpers(early[:1], looked(1.3, 9.0)[:1], 10) == []


# ---- memory and /tmp


@engine
def test_large_bodies_cost_a_service_that_refuses_them_nothing(good: Scene, rows: list[Row]) -> None:
    record = perform("memory_pressure", good, rows, fault_s=2.0)
    assert record.injected and record.facts["oom_kills"] == 0 and record.facts["refused"] >= 32
    assert record.facts["peak_mib"] < record.facts["before_mib"] + 24
    assert level("memory_pressure", record) == "bounded"
    assert good.topology.client.api.inspect_container(good.candidate.id)["HostConfig"]["Memory"] == 512 * MIB


@engine
def test_a_service_that_reads_large_bodies_whole_is_killed(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("memory_pressure", start(BODY_LIMIT="0"), rows, fault_s=2.0)
    assert record.injected and record.facts["oom_kills"] >= 1
    assert level("memory_pressure", record) == "restarts"


@engine
def test_a_service_that_writes_nothing_does_not_mind_a_full_tmp(good: Scene, rows: list[Row]) -> None:
    record = perform("tmp_full", good, rows, fault_s=1.0)
    assert record.injected
    assert level("tmp_full", record) == "holds"
    assert not good.candidate.tmp_is_full()


@engine
def test_only_a_small_tmp_of_the_container_itself_is_filled(good: Scene) -> None:
    helper, container, pid = good.topology.helper, good.candidate.id, good.candidate.state().pid
    with pytest.raises(Trouble, match="not of this container"):
        helper.fill_tmp(container, os.getpid(), 64)
    with pytest.raises(Trouble, match="larger than 1 MiB"):
        helper.fill_tmp(container, pid, 1)
    assert not good.candidate.tmp_is_full()


@engine
def test_a_service_that_writes_each_request_fails_with_a_full_tmp(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("tmp_full", start(SCRATCH="1"), rows, fault_s=1.0)
    assert record.injected
    assert level("tmp_full", record) == "fails"
