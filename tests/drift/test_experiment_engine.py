"""The drift experiment on real containers: alerts travel through the webhook, gauges through the network, load from the engine."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from challenges.loader import LoadedChallenge, load
from grader.checks.analysis.signals import listen
from grader.schema.challenge import DriftKind, DriftPlan
from grader.schema.evidence import DriftEvidence
from harness.drift.experiment import prepare, run
from harness.load.generator import LoadGenerator
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

pytestmark = pytest.mark.engine

WINDOW = 100
KIND = DriftKind(kind="covariate", severities=[0.9], features=["distance_km"])
DOCKERFILE = b'FROM python:3.11-slim\nCOPY service.py /service.py\nUSER 1234\nCMD ["python3", "-u", "/service.py"]\n'
IMAGE = "grader-test-drift-service"
READY_S = 15.0


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    loaded = load("fraud-scoring")
    plan = DriftPlan(window=WINDOW, control_windows=6, drifted_windows=5, recovery_windows=3, max_rate_rps=400, must_detect={"covariate": 0.5})
    object.__setattr__(loaded, "spec", loaded.spec.model_copy(update={"drift": plan}))
    return loaded


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image: str) -> Iterator[str]:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, data in (("Dockerfile", DOCKERFILE), ("service.py", (Path(__file__).parent / "monitored_service.py").read_bytes())):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True, forcerm=True)
    yield IMAGE
    engine.images.remove(IMAGE, force=True)


@pytest.fixture(scope="module")
def topology(
    engine: docker.DockerClient, challenge: LoadedChallenge, sidecar_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    run_id = f"test-drift-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))  # run records stay out of the user's own
        with Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image) as topology:
            yield topology


@pytest.fixture(scope="module")
def generator(topology: Topology) -> Iterator[LoadGenerator]:
    with LoadGenerator() as generator:
        yield generator


def wait_until_it_serves(candidate: Candidate) -> None:
    deadline = time.monotonic() + READY_S
    while candidate.client.get("/healthz", deadline_s=0.5).status != 200:
        assert time.monotonic() < deadline, candidate.logs()
        time.sleep(0.05)  # pace of polling; the condition above ends the wait


def streamed(challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, monitor: str) -> DriftEvidence:
    candidate = topology.start_candidate(image, env={"MONITOR": monitor, "WINDOW": str(WINDOW), "REFERENCE": "300"})
    try:
        wait_until_it_serves(candidate)
        prepared = prepare(challenge, [KIND], seed=5)
        begin = time.monotonic()
        return run(
            prepared, generator, candidate.client, challenge, topology.feature_store, topology.alerts, rate_rps=300, since=begin
        ).evidence
    finally:
        candidate.remove()


@pytest.mark.parametrize(
    ("monitor", "noticed", "alarms"),
    [("sound", True, 0), ("never", False, 0), ("always", False, 6)],
)
def test_a_monitor_is_seen_as_what_it_is(
    challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, monitor: str, noticed: bool, alarms: int
) -> None:
    evidence = streamed(challenge, topology, generator, image, monitor)
    assert evidence.void is None
    assert all(window.ok == window.sent for window in evidence.windows)
    assert all('fraud_drift_score{feature="distance_km"}' in window.gauges for window in evidence.windows)
    heard = listen(evidence, challenge.spec)
    (signal,) = heard.signals
    assert bool(signal.episodes) is noticed
    assert signal.resolved is noticed
    assert bool(signal.gauges) is noticed
    assert signal.blamed == ({"distance_km"} if noticed else set())
    assert (heard.alarms.up, heard.alarms.controls) == (alarms, 6)
