"""A real worker process on each database: grades, reports, obeys, and outlives what goes away."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from challenges.loader import ROOT
from grader.jobs import policy, publish, ready
from grader.jobs.model import JobState, Priority
from grader.jobs.rows import to_dispatch
from grader.jobs.settings import JobSettings, job_settings
from grader.jobs.store import Store
from grader.schema.causes import UsageError
from grader.schema.result import Result
from jobs.conftest import Hosts
from jobs.postgres import Postgres
from reports import RENDERERS

IDLE_MIB = 150


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def working_in(folder: Path) -> list[int]:
    """The processes whose working folder is below `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                cwd = os.readlink(entry / "cwd")  # noqa: PTH115 - a link of the kernel's
            except OSError:
                continue
            if cwd.startswith(f"{folder}{os.sep}") and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def resident_mib(pid: int) -> float:
    return next(int(line.split()[1]) / 1024 for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def test_a_job_is_graded_published_and_told_of(hosts: Hosts) -> None:
    worker = hosts.worker()
    hosts.until(lambda: hosts.queue.health().capacity == 2)
    assert resident_mib(worker.pid) < IDLE_MIB
    id = hosts.submit("sleep:2")
    hosts.until(lambda: hosts.status(id).state is JobState.RUNNING)
    hosts.until(lambda: [stage.state for stage in hosts.queue.progress(id)] == ["ok", "running"])
    assert hosts.queue.progress(id)[1].note == "half of it"
    hosts.until_ended(id)
    status = hosts.status(id)
    assert (status.state, status.result, status.error) == (JobState.DONE, f"results/{id}", "")
    assert [(stage.stage, stage.state) for stage in hosts.queue.progress(id)] == [("clone", "ok"), ("load", "ok")]
    assert hosts.kinds(id) == ["submitted", "started", "done"]
    store = Store(hosts.settings.store)
    assert json.loads(store.read(f"{status.result}/result.json") or b"")["key"]
    assert store.keys("staging") == []
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    assert not any(one.alive for one in hosts.queue.health().workers)


def test_what_went_wrong_is_said_and_repeated_only_as_the_policy_allows(hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.worker()
    usage, build, noisy, died = (hosts.submit(origin) for origin in ("usage", "trouble:build_failed", "trouble:host_noisy", "die"))
    hosts.until_ended(usage, build)
    assert (hosts.status(usage).state, hosts.status(usage).culprit) == (JobState.FAILED, policy.SUBMITTER)
    assert "this is no repository" in hosts.status(usage).error
    assert (hosts.status(build).state, hosts.status(build).culprit) == (JobState.FAILED, "candidate")
    hosts.until(lambda: all("retry" in hosts.kinds(id) for id in (noisy, died)))
    assert hosts.status(noisy).state is JobState.QUEUED and "as asked" in hosts.status(noisy).error
    waits = {event.facts["wait_s"] for event in hosts.queue.events(noisy) if event.kind == "retry"}
    assert waits == {60.0}
    assert (hosts.status(noisy).not_before or 0) > time.time() + 30
    assert "SIGKILL" in hosts.status(died).error
    hosts.until(lambda: hosts.kinds(died).count("started") == 2)  # after five seconds


def test_a_running_job_is_cancelled_with_all_that_it_started(hosts: Hosts) -> None:
    hosts.worker()
    ids = [hosts.submit("family"), hosts.submit("hang")]
    hosts.until(lambda: all(hosts.status(id).state is JobState.RUNNING and len(hosts.queue.progress(id)) == 2 for id in ids))
    folder = hosts.settings.folder / "scratch"
    hosts.until(lambda: len(working_in(folder)) >= 3)
    assert all(hosts.queue.cancel(id) for id in ids)
    hosts.until_ended(*ids, seconds=20)
    assert {hosts.status(id).state for id in ids} == {JobState.CANCELLED}
    assert working_in(folder) == []
    assert Store(hosts.settings.store).keys("results") == []


def test_a_defect_of_ours_leaves_its_traceback_in_the_log(hosts: Hosts) -> None:
    hosts.worker()
    id = hosts.submit("defect")
    hosts.until(lambda: "retry" in hosts.kinds(id))
    assert hosts.status(id).culprit == "grader" and "ZeroDivisionError" in hosts.status(id).error
    lines = [json.loads(line) for line in hosts.said().splitlines()]
    failed = next(line for line in lines if line["message"] == "grading failed")
    assert failed["job"] == id and "Traceback" in failed["log"] and "_act" in failed["log"]


def test_submitters_take_turns(hosts: Hosts) -> None:
    many = [hosts.submit("sleep:0", owner="ann") for _ in range(4)]
    one = hosts.submit("sleep:0", owner="bob")
    urgent = hosts.submit("sleep:0", owner="ann", priority=Priority.HIGH)
    hosts.worker(worker_jobs=1)
    hosts.until_ended(*many, one, urgent)
    order = [event.job for event in hosts.queue.events() if event.kind == "started"]
    assert order[0] == urgent and order.index(one) in (1, 2) and [id for id in order if id in many] == many


def test_what_is_hastened_while_it_has_a_workflow_is_graded_next_and_once(hosts: Hosts) -> None:
    hosts.worker(worker_jobs=1)
    busy = hosts.submit("sleep:2")
    hosts.until(lambda: hosts.status(busy).state is JobState.RUNNING)
    waiting = [hosts.submit("sleep:0") for _ in range(3)]
    hosts.until(lambda: not to_dispatch(hosts.queue.db, 10))
    assert hosts.queue.hasten(waiting[-1], Priority.HIGH)
    hosts.until_ended(*waiting)
    assert [event.job for event in hosts.queue.events() if event.kind == "started"] == [busy, waiting[2], waiting[0], waiting[1]]


def test_a_grading_that_hangs_is_ended(hosts: Hosts) -> None:
    hosts.worker(overdue_s=2)
    id = hosts.submit("sleep:600")
    hosts.until(lambda: "retry" in hosts.kinds(id))
    assert "did not end within" in hosts.status(id).error


def test_a_worker_that_is_asked_to_end_finishes_what_it_has_and_takes_nothing_more(hosts: Hosts) -> None:
    worker = hosts.worker(worker_jobs=1)
    first = hosts.submit("sleep:3")
    hosts.until(lambda: hosts.status(first).state is JobState.RUNNING)
    second = hosts.submit("sleep:0")
    worker.send_signal(signal.SIGTERM)
    hosts.until(lambda: hosts.queue.health().workers[0].state == "draining")
    assert worker.wait(timeout=20) == 0
    assert hosts.status(first).state is JobState.DONE
    assert hosts.status(second).state is JobState.QUEUED
    hosts.worker()
    hosts.until_ended(second)
    assert hosts.kinds(second).count("started") == 1


def test_a_drain_that_takes_too_long_leaves_the_job_to_others(hosts: Hosts) -> None:
    worker = hosts.worker(drain_s=1)
    id = hosts.submit("sleep:8")
    hosts.until(lambda: hosts.status(id).state is JobState.RUNNING)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
    hosts.until(lambda: working_in(hosts.settings.folder / "scratch") == [], seconds=5)
    hosts.worker()
    hosts.until_ended(id)
    assert hosts.status(id).state is JobState.DONE and hosts.status(id).run == 2


def test_a_host_that_cannot_grade_takes_nothing_and_says_why(hosts: Hosts, tmp_path: Path) -> None:
    (tmp_path / "engine-is-down").write_text("")
    worker = hosts.worker(probe="jobs.pipelines:engine", data_dir=hosts.of_host(0).data_dir)
    id = hosts.submit("sleep:0")
    hosts.until(lambda: any(one.state == "waiting" for one in hosts.queue.health().workers))
    assert "no engine" in hosts.queue.health().workers[0].reason
    time.sleep(1)
    assert hosts.status(id).state is JobState.QUEUED and hosts.status(id).run == 0
    check = subprocess.run(
        [sys.executable, "-m", "grader", "worker", "--check"], capture_output=True, text=True, check=False,
        env=os.environ | {f"GRADER_{key.upper()}": str(value) for key, value in hosts.settings.model_dump().items()},
    )  # fmt: skip
    assert check.returncode == 3 and "no engine" in check.stderr
    (tmp_path / "engine-is-down").unlink()
    hosts.until_ended(id)
    (tmp_path / "engine-is-down").write_text("")  # and once more, in mid-life
    hosts.until(lambda: hosts.queue.health().workers[0].state == "waiting")
    later = hosts.submit("sleep:0")
    (tmp_path / "engine-is-down").unlink()
    hosts.until_ended(later)
    assert worker.poll() is None and hosts.status(later).run == 1


def test_the_real_pipeline_says_what_is_wrong_before_any_engine_is_asked(hosts: Hosts) -> None:
    hosts.worker(pipeline=JobSettings.model_fields["pipeline"].default)
    path = hosts.submit("/etc")
    unknown = hosts.submit("https://example.org/a.git")
    hosts.until_ended(path, unknown)
    assert [hosts.status(id).culprit for id in (path, unknown)] == [policy.SUBMITTER] * 2
    assert "only https URLs" in hosts.status(path).error
    assert "none" in hosts.status(unknown).error  # the name of the challenge that there is not


def test_a_real_verdict_comes_out_of_the_real_pipeline(hosts: Hosts, tmp_path: Path) -> None:
    """On recorded evidence, which needs no engine."""
    shutil.copytree(ROOT / "fraud-scoring" / "recorded" / "oracle-quick", tmp_path / "earlier" / "bundle")
    publish.pack(tmp_path / "earlier")
    store = Store(hosts.settings.store)
    store.put_once("results/earlier/bundle.tar.gz", tmp_path / "earlier" / "bundle.tar.gz")
    hosts.worker(pipeline=JobSettings.model_fields["pipeline"].default)
    id = hosts.submit("", rescore="earlier")
    hosts.until_ended(id)
    assert hosts.status(id).state is JobState.DONE, hosts.status(id)
    result = Result.model_validate_json(store.read(f"results/{id}/result.json") or b"")
    assert result.status == "scored" and result.integrity == []
    published = {key.rpartition("/")[2] for key in store.keys(f"results/{id}")}
    assert published == {"claim.json", "result.json", "bundle.tar.gz", *RENDERERS}


def test_a_store_that_goes_away_costs_no_grading(hosts: Hosts) -> None:
    hosts.worker()
    id = hosts.submit("sleep:2")
    hosts.until(lambda: hosts.status(id).state is JobState.RUNNING)
    artifacts = hosts.folder / "artifacts"
    artifacts.rename(hosts.folder / "away")
    artifacts.write_text("no folder")
    hosts.until(lambda: "store does not answer" in hosts.said())
    assert hosts.status(id).state is JobState.RUNNING
    artifacts.unlink()
    (hosts.folder / "away").rename(artifacts)
    hosts.until_ended(id)
    assert (hosts.status(id).state, hosts.status(id).run) == (JobState.DONE, 1)


def test_a_fleet_on_postgresql_and_s3(fleet: Hosts, bucket: str) -> None:
    for host in (1, 2):
        fleet.worker(host=host, store_url=bucket, worker_jobs=1)
    fleet.until(lambda: fleet.queue.health().capacity == 2)
    ids = [fleet.submit("sleep:1") for _ in range(4)]
    fleet.until_ended(*ids)
    store = Store(bucket)
    assert all(store.read(f"results/{id}/result.json") for id in ids) and store.keys("staging") == []
    started = [event.facts["worker"] for id in ids for event in fleet.queue.events(id) if event.kind == "started"]
    assert len(started) == 4 and len(set(started)) == 2


def test_a_disk_that_is_full_is_told_and_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = JobSettings(data_dir=tmp_path, probe="jobs.pipelines:fine")
    store = Store(settings.store)
    assert ready.trouble(settings, store) == ""
    monkeypatch.setattr(ready.shutil, "disk_usage", lambda folder: SimpleNamespace(free=5 << 20))
    assert "5 MiB are free" in ready.trouble(settings, store)


def test_a_second_worker_on_a_host_has_another_name_and_a_successor_the_same(hosts: Hosts) -> None:
    first, _ = hosts.worker(), hosts.worker()
    hosts.until(lambda: len([one for one in hosts.queue.health().workers if one.state == "ready"]) == 2)
    names = {one.name for one in hosts.queue.health().workers}
    first.kill()
    first.wait()
    hosts.worker()
    hosts.until(lambda: all(one.silent_s < 1 for one in hosts.queue.health().workers))
    assert {one.name for one in hosts.queue.health().workers} == names


def test_a_database_that_goes_away_for_a_while_costs_no_grading(fleet: Hosts, server: Postgres) -> None:
    """Longer than a worker may be silent: nobody may take the others for lost because nobody could be heard."""
    workers = [fleet.worker(host=number, worker_jobs=1) for number in (1, 2)]
    fleet.until(lambda: fleet.queue.health().capacity == 2)
    time.sleep(fleet.settings.lost_after_s)  # by now each may judge the other
    long = [fleet.submit("sleep:8"), fleet.submit("sleep:8")]
    short = [fleet.submit("sleep:0"), fleet.submit("sleep:0")]
    fleet.until(lambda: all(fleet.status(id).state is JobState.RUNNING for id in long))
    server.stop()
    time.sleep(fleet.settings.lost_after_s + 2)
    server.start()
    fleet.until_ended(*long, *short, seconds=90)
    assert [worker.poll() for worker in workers] == [None, None]
    assert {fleet.status(id).state for id in (*long, *short)} == {JobState.DONE}
    assert [fleet.status(id).run for id in long] == [1, 1]
    assert [fleet.kinds(id).count("done") for id in (*long, *short)] == [1, 1, 1, 1]


@pytest.mark.parametrize("password", ["hunter2", "hunter2@hunter2"])
def test_a_password_in_a_setting_that_cannot_be_used_is_not_told(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_DATABASE_URL", f"postgresql://grader:{password}@db/")
    with pytest.raises(UsageError, match=r"GRADER_DATABASE_URL=postgresql://\*\*\*@db/: ") as found:
        job_settings()
    assert "hunter2" not in str(found.value)


def test_nothing_is_left_of_a_failure_that_was_forgotten_not_even_in_the_engines_tables(hosts: Hosts) -> None:
    """What was wrong may name whose repository it was."""
    hosts.worker()
    retried = "trouble:host_noisy"
    ids = [hosts.submit(origin) for origin in ("usage:grace-hopper", retried)]
    hosts.until_ended(ids[0])
    hosts.until(lambda: "retry" in hosts.kinds(ids[1]))
    hosts.queue.cancel(ids[1])
    assert "grace-hopper" in hosts.status(ids[0]).error and "grace-hopper" in everything(hosts)
    assert sorted(hosts.queue.forget(ids)) == sorted(ids)
    time.sleep(1.0)  # what the engine may still write down about them
    assert "grace-hopper" not in everything(hosts)


def everything(hosts: Hosts) -> str:
    """Every cell of every table of the database, and what it holds where it is packed."""
    engine, said = hosts.queue.db.engine, []
    for schema in [None] if hosts.queue.db.sqlite else sa.inspect(engine).get_schema_names():
        for table in sa.inspect(engine).get_table_names(schema=schema):
            name = f'"{schema}"."{table}"' if schema else f'"{table}"'
            if schema in ("information_schema", "pg_catalog"):
                continue
            with engine.connect() as connection:
                cells = [cell for row in connection.exec_driver_sql(f"SELECT * FROM {name}") for cell in row]
            said += [str(cell) for cell in cells] + [str(_unpacked(cell)) for cell in cells if isinstance(cell, str)]
    return "\n".join(said)


def _unpacked(cell: str) -> bytes:
    try:
        return base64.b64decode(cell, validate=True)
    except ValueError:
        return b""
