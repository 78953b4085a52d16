"""What a submission must not reach, and that the probe which says so is not blind."""

from __future__ import annotations

import subprocess

import docker
import pytest

from harness.sandbox import isolation, limits
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

from .tools import fetch_inside

pytestmark = pytest.mark.engine


def test_nothing_outside_of_the_run_can_be_reached(topology: Topology) -> None:
    evidence = topology.evidence()
    assert {probe.target: probe.detail for probe in evidence.isolation if probe.reachable} == {}
    assert evidence.notes == ([topology.cores.note] if topology.cores.note else [])
    assert {probe.target for probe in evidence.isolation} >= {
        "internet address", "internet name", "metadata service", "host service on the network's gateway", "container on another network",
    }  # fmt: skip
    assert not [probe for probe in evidence.isolation if probe.detail.startswith("not tested")]


def test_without_the_input_rule_the_probe_sees_the_host(engine: docker.DockerClient, topology: Topology) -> None:
    topology.helper.allow_input(topology.network.bridge)
    try:
        probes = isolation.probe(engine, topology._sidecars[0], topology.network, limits.sidecar_flags(topology.cores), topology.labels)
    finally:
        assert topology.helper.drop_input(topology.network.bridge) is None
    reached = {probe.target for probe in probes if probe.reachable}
    assert "host service on the network's gateway" in reached
    assert "container on another network" not in reached


def test_a_canary_that_does_not_answer_is_said_to_be_untested() -> None:
    target = isolation.Target("host", "tcp", "10.0.0.1", 1, untested="no listener could be opened there")
    [probe] = isolation._outcomes([target], {"control": (True, "")})
    assert not probe.reachable
    assert probe.detail == "not tested: no listener could be opened there"


def test_a_probe_that_reaches_nothing_at_all_proves_nothing() -> None:
    target = isolation.Target("internet address", "tcp", "1.1.1.1", 443)
    [probe] = isolation._outcomes([target], {"control": (False, "no route"), "internet address": (False, "no route")})
    assert probe.detail.startswith("not tested: ")


def test_unknown_names_fail_within_two_seconds_and_the_sidecars_names_resolve(good: Candidate, topology: Topology) -> None:
    topology.feature_store.set_mode("ok")
    unknown = fetch_inside(good, "http://no-such-name.example.com/", timeout_s=5)
    assert unknown["error"] == "gaierror"
    assert unknown["seconds"] < 2.5
    assert fetch_inside(good, "http://feature-store:8080/v1/customers/nobody/features")["status"] == 404


def test_the_rule_stands_once_in_the_hosts_input_chain(topology: Topology) -> None:
    listed = topology.helper._sidecar.ask("run", argv=["iptables", "-S", "INPUT"])["out"]
    assert listed.count(topology.network.bridge) == 1


def test_the_host_is_not_asked_for_root() -> None:
    """All root-only steps go through the helper: no module of the sandbox runs a program on the host."""
    found = subprocess.run(
        ["grep", "-rlE", "^import subprocess|os.kill", "harness/sandbox", "--include=*.py", "--exclude=dockerd.py"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout.split() == []
