"""What a killed grading leaves behind is found and removed; what is alive is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import docker
import pytest

from harness.sandbox import owner
from harness.sandbox.sweep import sweep
from harness.sandbox.topology import Topology

from .test_topology import left_over

VICTIM = """
import sys, tomllib, pathlib
from grader.schema.challenge import Challenge
from harness.sandbox import engine, owner
from harness.sandbox.topology import Topology
run_id, image, service, folder = sys.argv[1:]
challenge = Challenge(**tomllib.loads(pathlib.Path("challenges/fraud-scoring/challenge.toml").read_text()))
with owner.record(run_id) as record, Topology(engine.connect(), run_id, challenge, owner.labels(run_id), image, record=record) as topology:
    record.add_folder(pathlib.Path(folder))
    topology.start_candidate(service)
    print(topology.network.bridge, flush=True)
    sys.stdin.read()
"""


@pytest.mark.engine
def test_a_sigkilled_grading_is_swept_and_a_living_one_is_not(
    engine: docker.DockerClient, topology: Topology, sidecar_image: str, service_image: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "clone").write_text("candidate's")
    run_id = f"test-victim-{os.getpid()}"
    arguments = [sys.executable, "-c", VICTIM, run_id, sidecar_image, service_image, str(work)]
    victim = subprocess.Popen(arguments, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    bridge = victim.stdout.readline().strip()
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert len(left_over(engine, run_id)) >= 6
    assert bridge in rules(topology)

    begin = time.monotonic()
    removed = sweep(engine, sidecar_image)
    seconds = time.monotonic() - begin

    assert removed >= 7
    assert left_over(engine, run_id) == []
    assert not work.exists()
    assert bridge not in rules(topology)
    assert topology.network.bridge in rules(topology)
    assert len(left_over(engine, topology.run_id)) >= 5
    assert seconds < 10


def rules(topology: Topology) -> str:
    return str(topology.helper._sidecar.ask("run", argv=["iptables", "-S", "INPUT"])["out"])


@pytest.mark.engine
def test_sweeps_at_once_do_not_trip_over_each_other(engine: docker.DockerClient, sidecar_image: str) -> None:
    dead = owner.labels("test-dead") | {owner.OWNER: dead_token()}
    for n in range(4):
        engine.volumes.create(f"grader-test-dead-{os.getpid()}-{n}", labels=dead)
        engine.containers.create(sidecar_image, ["true"], labels=dead)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            sweep(engine, sidecar_image)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert left_over(engine, "test-dead") == []


def dead_token() -> str:
    """The token of a process that has ended."""
    child = subprocess.Popen(["sleep", "60"])
    token = owner.owner_token(child.pid)
    child.kill()
    child.wait()
    return token


def test_a_reused_pid_is_not_mistaken_for_its_former_owner() -> None:
    boot, namespace, pid, start = owner.owner_token().split(".")
    assert not owner.is_dead(".".join((boot, namespace, pid, start)))
    assert owner.is_dead(".".join((boot, namespace, pid, str(int(start) - 1))))


def test_after_a_reboot_all_former_owners_are_dead() -> None:
    _, namespace, pid, start = owner.owner_token().split(".")
    assert owner.is_dead(".".join(("0" * 8, namespace, pid, start)))


def test_an_owner_elsewhere_counts_as_dead_only_when_old() -> None:
    boot, namespace, pid, start = owner.owner_token().split(".")
    elsewhere = ".".join((boot, str(int(namespace) + 1), pid, start))
    assert not owner.is_dead(elsewhere, age_s=60.0)
    assert owner.is_dead(elsewhere, age_s=7 * 3600.0)


@pytest.mark.parametrize("labels", [None, {}, {owner.RUN: "x"}, {owner.RUN: "x", owner.OWNER: "somebody"}, {owner.OWNER: "0.0.0.0"}])
def test_what_is_not_certainly_ours_is_never_abandoned(labels: dict[str, str] | None) -> None:
    assert not owner.abandoned(labels)


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen(["true"])
    deadline = time.monotonic() + 5
    while owner._start_time(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert owner._start_time(child.pid) is None
    child.wait()


@pytest.mark.engine
def test_folders_without_our_marker_are_left_alone(engine: docker.DockerClient, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    record = owner.RunRecord("test-precious", dead_token(), folders=[str(precious)])
    record.save()
    sweep(engine)
    assert precious.is_dir()
    assert not record.path.exists()
