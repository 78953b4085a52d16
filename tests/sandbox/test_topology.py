"""The whole of a run: quick to come and go, and gone in full whatever happens inside."""

from __future__ import annotations

import os
import time
from pathlib import Path

import docker
import pytest

from grader.schema.causes import CandidateTrouble, Trouble
from grader.schema.challenge import Challenge
from harness.sandbox import owner
from harness.sandbox.limits import Cores, choose_cores
from harness.sandbox.topology import Topology

from .tools import until

pytestmark = pytest.mark.engine


def make(engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, name: str) -> Topology:
    run_id = f"test-{name}-{os.getpid()}"
    return Topology(engine, run_id, challenge, owner.labels(run_id), sidecar_image)


def left_over(engine: docker.DockerClient, run_id: str) -> list[str]:
    ours = {"label": f"{owner.RUN}={run_id}"}
    containers = [str(c.name) for c in engine.containers.list(all=True, filters=ours)]
    return containers + [str(n.name) for n in engine.networks.list(filters=ours)] + [str(v.name) for v in engine.volumes.list(filters=ours)]


def test_it_comes_and_goes_quickly_and_leaves_nothing(
    engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, service_image: str
) -> None:
    topology = make(engine, challenge, sidecar_image, "quick")
    begin = time.monotonic()
    with topology:
        entered = time.monotonic() - begin
        candidate = topology.start_candidate(service_image)
        until(lambda: candidate.client.get("/readyz").ok)
        assert candidate.client.post_json("/predict", {"transaction_id": "first"}).ok
        ip = candidate.ip
        candidate.remove()
        following = topology.start_candidate(service_image)
        assert following.ip == ip
        assert following.read_file("/data/audit.jsonl") is None, "the next candidate begins with an empty /data"
        topology.evidence()
        record = owner.state_folder() / f"{topology.run_id}.json"
        assert topology.network.bridge in record.read_text()
        begin = time.monotonic()
    left = time.monotonic() - begin
    assert (left_over(engine, topology.run_id), record.exists()) == ([], False)
    assert entered < 6, f"entering took {entered:.1f} s"
    assert left < 4, f"leaving took {left:.1f} s"


class Unforeseen(Exception):
    """What goes wrong inside of the block."""


@pytest.mark.parametrize("error", [Unforeseen(), KeyboardInterrupt()])
def test_the_first_error_survives_the_teardown_and_nothing_else_does(
    engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, error: BaseException
) -> None:
    topology = make(engine, challenge, sidecar_image, "error")
    with pytest.raises(type(error)), topology:
        # Half of the ground is taken away before, so that steps of the teardown fail.
        topology.helper._sidecar.container.remove(force=True)
        raise error
    assert left_over(engine, topology.run_id) == []


def test_a_start_that_fails_half_way_is_undone(
    engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topology = make(engine, challenge, sidecar_image, "half")
    monkeypatch.setattr(topology.helper, "drop_input", lambda bridge: 1 / 0)
    with pytest.raises(ZeroDivisionError), topology:
        pass
    assert left_over(engine, topology.run_id) == []


def test_an_image_that_does_not_exist_is_not_the_candidates_doing(topology: Topology) -> None:
    with pytest.raises(Trouble) as raised:
        topology.start_candidate("no-such-image-here")
    assert raised.value.cause == "image_unavailable"


def test_an_entry_point_that_does_not_exist_is(engine: docker.DockerClient, topology: Topology, service_image: str) -> None:
    container = engine.containers.create(service_image, labels=topology.labels)
    image = container.commit(repository="grader-test-no-entry", conf={"Cmd": ["/no/such/program"], "User": "app"})
    container.remove(v=True)
    try:
        with pytest.raises(CandidateTrouble) as raised:
            topology.start_candidate(str(image.id))
        assert raised.value.cause == "start_exited"
    finally:
        topology.candidates[-1].remove()
        engine.images.remove(str(image.id), force=True)


def test_a_dead_sidecar_is_our_trouble(engine: docker.DockerClient, challenge: Challenge, sidecar_image: str) -> None:
    with make(engine, challenge, sidecar_image, "dead") as topology:
        topology._sidecars[0].container.kill()
        begin = time.monotonic()
        with pytest.raises(Trouble) as raised:
            topology.feature_store.hits()
        assert raised.value.cause == "sidecar_down"
        assert time.monotonic() - begin < 6


def test_the_network_is_known_to_stand_until_it_does_not(topology: Topology) -> None:
    topology.network.verify()
    assert Path(f"/sys/class/net/{topology.network.bridge}").exists()


def test_the_candidate_gets_the_last_core_and_one_core_is_said() -> None:
    assert choose_cores([3, 0, 1]) == Cores((3,), (0, 1))
    alone = choose_cores([2])
    assert (alone.candidate, alone.ours) == ((2,), (2,))
    assert "one core" in alone.note
