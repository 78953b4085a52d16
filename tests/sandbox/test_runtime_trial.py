"""A runtime is tried before a candidate runs in it, so that none is blamed for what the runtime cannot do."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import docker
import pytest

from grader.schema.causes import UsageError
from grader.schema.challenge import Challenge
from harness.sandbox import owner, runtime
from harness.sandbox.limits import candidate_flags, own_data
from harness.sandbox.runtime_trial import Verdict, tried
from harness.sandbox.sidecar import on_network
from harness.sandbox.topology import Topology

from .tools import until

pytestmark = pytest.mark.engine

SOUND = "runc"
"""What every Docker Engine has."""

HOST = 25


def trial(topology: Topology, name: str, on: Any = None, **changed: Any) -> Verdict:
    network = on or topology.network
    address, limits = network.address(HOST), topology.challenge.limits
    flags = candidate_flags(limits, topology.cores, own_data(limits), (), ()) | on_network(topology.client, network, "", address)
    flags |= {"runtime": name, "user": "65534:65534"} | changed
    return tried(topology.client, topology.image, flags, topology.labels, network, address, topology.control)


def test_a_sound_runtime_has_nothing_against_it(topology: Topology) -> None:
    found = trial(topology, SOUND)
    assert found.unfit == ""
    assert found.slower is not None and 0.2 < found.slower < 5, "it is the runtime that it is compared with"


def test_one_that_starts_nothing_is_unfit(topology: Topology) -> None:
    found = trial(topology, "no-such-runtime")
    assert found.unfit.startswith("a container of ours did not run in it: ") and "no-such-runtime" in found.unfit


def test_one_without_the_names_of_the_run_is_unfit(topology: Topology) -> None:
    assert trial(topology, SOUND, on=topology.control_network).unfit.startswith("the feature store is not reached from it: ")


def test_one_that_cannot_be_reached_is_unfit(topology: Topology) -> None:
    elsewhere = on_network(topology.client, topology.network, "", topology.network.address(HOST + 1))
    assert trial(topology, SOUND, **elsewhere).unfit == "a service in it is not reached from this host"


def test_one_that_stays_cut_off_is_unfit(topology: Topology) -> None:
    real = topology.network

    def connect(container: Any, ipv4_address: str) -> None:
        real.engine.connect(container, ipv4_address=real.address(HOST + 1))

    cut = SimpleNamespace(
        name=real.name, address=real.address, engine=SimpleNamespace(connect=connect, disconnect=lambda container: real.engine.disconnect(container))
    )
    assert trial(topology, SOUND, on=cut).unfit == "a container in it does not get its network back after a cut"


def test_a_slow_one_is_left_to_who_asks_for_it() -> None:
    assert Verdict(slower=1.4).objection == ""
    slow = Verdict(slower=3.04)
    assert (slow.unfit, slow.objection) == ("", "the same work takes 3.0 times as long in it")


def entered(engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, name: str) -> Topology:
    run_id = f"test-{name}-{os.getpid()}"
    return Topology(engine, run_id, challenge, owner.labels(run_id), sidecar_image)


def used(topology: Topology, image: str) -> str:
    candidate = topology.start_candidate(image)
    until(lambda: candidate.client.get("/readyz").ok)
    return str(topology.client.api.inspect_container(candidate.id)["HostConfig"]["Runtime"])


def test_a_sandboxed_runtime_that_bears_the_trial_is_used_and_told(
    engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, service_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = engine.info() | {"DefaultRuntime": "another"}
    monkeypatch.setattr(engine, "info", lambda: usual)
    monkeypatch.setattr(runtime, "chosen", lambda info: SOUND)
    with entered(engine, challenge, sidecar_image, "fit") as topology:
        assert used(topology, service_image) == SOUND
        assert topology.evidence().flags["runtime"].startswith(f"{SOUND}; ")


def test_one_that_does_not_is_left_and_the_report_says_why(
    engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, service_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "chosen", lambda info: "runsc-gone")
    with entered(engine, challenge, sidecar_image, "unfit") as topology:
        assert used(topology, service_image) != "runsc-gone"
        assert "; not runsc-gone, which the engine has: a container of ours did not run in it: " in topology.evidence().flags["runtime"]


def test_one_that_the_operator_named_is_not_left_in_silence(
    engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "chosen", lambda info: "runsc-gone")
    monkeypatch.setenv(runtime.ENVIRONMENT, "runsc-gone")
    topology = entered(engine, challenge, sidecar_image, "named")
    with pytest.raises(UsageError, match=r"GRADER_RUNTIME=runsc-gone: a container of ours did not run in it: .*; mend that, or set it to engine"):
        topology.__enter__()


def test_gvisor_is_used_or_left_for_a_reason(engine: docker.DockerClient, challenge: Challenge, sidecar_image: str, service_image: str) -> None:
    if "runsc" not in engine.info()["Runtimes"]:
        pytest.skip("gVisor is not registered at the engine: install runsc, and name it below `runtimes` in the engine's settings")
    with entered(engine, challenge, sidecar_image, "gvisor") as topology:
        said = used(topology, service_image), topology.evidence().flags["runtime"]
    assert said[0] == "runsc" or "not runsc, which the engine has: " in said[1], said
