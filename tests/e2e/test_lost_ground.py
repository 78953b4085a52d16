"""What happens to a grading when its engine, its network or its own containers are lost in mid-run: unknown, and never the candidate's fault."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from grader.schema.base import Culprit
from grader.schema.result import Outcome, Result
from harness.sandbox.owner import KIND, OWNER

from .engine_proxy import EngineProxy
from .grading import Done, Grading, Place, candidates_network, eventually_empty, orphan_rules, owned, result_of, submission

pytestmark = [pytest.mark.engine, pytest.mark.false_blame]

PROMPT_S = 60.0
"""An end that is not hurried by anything but the loss, on a busy machine: what was being measured may run to its window's end."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[EngineProxy]:
    with EngineProxy(tmp_path) as proxy:
        yield proxy


def nobody_blames_the_candidate(result: Result) -> None:
    assert all(failure.culprit is not Culprit.CANDIDATE for failure in result.failures), result.failures
    lost = {failure.stage for failure in result.failures}
    assert lost
    unmeasured = [check for check in result.checks if check.outcome is Outcome.UNKNOWN]
    assert unmeasured and all(check.culprit in (Culprit.HOST, Culprit.GRADER) for check in unmeasured)
    touched = {f"evidence/{stage}.json" for stage in lost}
    assert {check.outcome for check in result.checks if touched & set(check.evidence)} <= {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE}
    assert result.score.high > result.score.low, "what was lost is open, not lost points"


def sweep_by_the_next_run(place: Place, engine: docker.DockerClient, token: str, sidecar_image: str, tmp_path: Path) -> None:
    """The next grading, of whatever, removes what this one had to leave."""
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "README.md").write_text("nothing\n")
    assert place.grade(tmp_path / "next").code == 1
    assert owned(engine, token) == []
    assert eventually_empty(lambda: orphan_rules(engine, sidecar_image)) == []
    assert list(place.temporary.iterdir()) == [] and place.state() == []


def lost_at(place: Place, proxy: EngineProxy, origin: Path, event: str, stage: str, how: Callable[[EngineProxy], None]) -> tuple[Done, str]:
    with place.with_env(DOCKER_HOST=proxy.url).grading(origin, "-m", "brief") as grading:
        grading.until(event, stage)
        time.sleep(0.7)  # into the middle of it
        how(proxy)
        return grading.end(PROMPT_S), grading.token


@pytest.mark.parametrize(("event", "stage"), [("started", "load"), ("note", "faults")])
def test_an_engine_lost_in_mid_run_ends_it_with_three_and_a_whole_report(
    event: str, stage: str, place: Place, proxy: EngineProxy, engine: docker.DockerClient, good: Path, sidecar_image: str, tmp_path: Path
) -> None:
    done, token = lost_at(place, proxy, good, event, stage, EngineProxy.lose)
    result = result_of(place.out)
    assert done.code == 3, done.out[-2000:]
    assert not done.err
    failure = next(failure for failure in result.failures if failure.stage == stage)
    assert (failure.cause, failure.culprit) == ("engine_lost", Culprit.HOST)
    nobody_blames_the_candidate(result)
    assert result.gates[0].outcome == "pass", "what was measured before stays measured"
    assert owned(engine, token), "nobody could remove the containers without an engine"
    sweep_by_the_next_run(place, engine, token, sidecar_image, tmp_path)


def test_an_engine_restarted_in_mid_fault_is_the_hosts_trouble(
    place: Place, proxy: EngineProxy, engine: docker.DockerClient, good: Path, sidecar_image: str, tmp_path: Path
) -> None:
    """What a restart of the engine does: it answers nobody for a while, all containers end, and only those with a restart policy come back."""
    with place.with_env(DOCKER_HOST=proxy.url).grading(good, "-m", "brief") as grading:
        grading.until("note", "faults")
        proxy.lose()
        for container in engine.containers.list(filters={"label": f"{OWNER}={grading.token}"}):
            with contextlib.suppress(APIError):  # ours end by themselves when their control line does
                container.kill()
        proxy.revive()
        done = grading.end(PROMPT_S)
    result = result_of(place.out)
    assert done.code == 3, done.out[-2000:]
    failure = next(failure for failure in result.failures if failure.stage == "faults")
    assert (failure.cause, failure.culprit) == ("engine_lost", Culprit.HOST)
    nobody_blames_the_candidate(result)
    sweep_by_the_next_run(place, engine, grading.token, sidecar_image, tmp_path)


def test_a_disk_that_fills_up_before_a_fault_is_the_hosts_trouble(place: Place, small_disk: Path, good: Path) -> None:
    with place.with_env(TMPDIR=str(small_disk)).grading(good, "-m", "brief") as grading:
        grading.until("started", "quiet_audit")
        fill(small_disk)
        grading.end(PROMPT_S)
    result = result_of(place.out)
    spoilt = next(check for check in result.checks if check.id == "malformed_input")
    assert (spoilt.outcome, spoilt.culprit) == (Outcome.UNKNOWN, Culprit.HOST), spoilt.observed
    assert "disk is full" in spoilt.observed
    assert result.score.high > result.score.low


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, so that only this grading's is full."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def test_an_engine_lost_while_building_is_not_a_failed_build(
    place: Place, proxy: EngineProxy, engine: docker.DockerClient, sidecar_image: str, tmp_path: Path
) -> None:
    slow = submission(tmp_path / "slow", extra="RUN sleep 30")
    done, token = lost_at(place, proxy, slow, "finished", "prepare", EngineProxy.lose)
    result = result_of(place.out)
    assert done.code == 3
    image = next(failure for failure in result.failures if failure.stage == "image")
    assert image.culprit is Culprit.HOST and image.cause in ("engine_lost", "engine_down")
    nobody_blames_the_candidate(result)
    assert {gate.outcome for gate in result.gates} == {"inconclusive"}
    sweep_by_the_next_run(place, engine, token, sidecar_image, tmp_path)


@pytest.mark.parametrize(("event", "stage"), [("started", "load"), pytest.param("note", "faults", marks=pytest.mark.soak)])
def test_a_network_removed_in_mid_stage_is_the_hosts_trouble(event: str, stage: str, place: Place, engine: docker.DockerClient, good: Path) -> None:
    with place.grading(good, "-m", "brief") as grading:
        grading.until(event, stage)
        network = candidates_network(engine, grading.token)
        network.reload()
        for container in network.containers:
            network.disconnect(container, force=True)
        network.remove()
        done = grading.end(PROMPT_S)
    result = result_of(place.out)
    assert done.code == 3
    failure = next(failure for failure in result.failures if failure.stage == stage)
    assert (failure.cause, failure.culprit) == ("network_lost", Culprit.HOST)
    nobody_blames_the_candidate(result)
    assert owned(engine, grading.token) == []


@pytest.mark.parametrize("name", ["feature-store", "helper"])
def test_a_container_of_ours_that_is_killed_is_not_the_candidates_fault(name: str, place: Place, engine: docker.DockerClient, good: Path) -> None:
    with place.grading(good, "-m", "brief") as grading:
        grading.until("started", "load")
        kill_ours(engine, grading, name)
        done = grading.end(PROMPT_S)
    result = result_of(place.out)
    assert done.code == 3
    failure = next(failure for failure in result.failures if failure.stage == "load")
    assert (failure.cause, failure.culprit) == ("sidecar_down", Culprit.GRADER)
    nobody_blames_the_candidate(result)
    assert owned(engine, grading.token) == []


def kill_ours(engine: docker.DockerClient, grading: Grading, name: str) -> None:
    ours = engine.containers.list(filters={"label": f"{OWNER}={grading.token}"})
    next(c for c in ours if c.name.startswith(name) or c.labels[KIND] == name).kill()


@pytest.mark.soak
@pytest.mark.parametrize(("event", "stage"), [("finished", "prepare"), ("started", "load"), ("note", "faults")])
def test_an_engine_that_hangs_is_an_engine_that_is_lost(event: str, stage: str, place: Place, proxy: EngineProxy, tmp_path: Path) -> None:
    repository = submission(tmp_path / "slow", extra="RUN sleep 20" if stage == "prepare" else "")
    done, _ = lost_at(place, proxy, repository, event, stage, EngineProxy.freeze)
    result = result_of(place.out)
    assert done.code == 3
    assert {failure.cause for failure in result.failures} & {"engine_lost", "engine_down"}
    nobody_blames_the_candidate(result)
