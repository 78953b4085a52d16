"""The same monitors in real containers: wherever a sound one sits it has full marks, and the others have nothing.

The plan is the flagship's in small (windows of 250, one drift as weak as must be noticed), so that all of it takes some two minutes.
"""

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
from grader.schema.challenge import DriftKind
from grader.schema.evidence import DriftEvidence
from harness.drift.experiment import prepare, run
from harness.load.generator import LoadGenerator
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

from . import adapter

pytestmark = pytest.mark.engine

WINDOW, RATE_RPS, SEED, READY_S = 250, 300, 11, 15.0
MEASURED = 0.4
"""What a gauge that moved with the drift earns without any alert that can be believed."""
KIND = DriftKind(kind="covariate", severities=[0.5], features=list(adapter.reference().numeric))
IMAGE = "grader-test-drift-zoo"
MODULES = ("__init__", "adwin", "two_sample", "sound", "unsound", "scripts", "service")
DOCKERFILE = 'FROM python:3.11-slim\nCOPY monitors /app/monitors\nWORKDIR /app\nUSER 1234\nCMD ["python3", "-um", "monitors.service"]\n'


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    loaded = load("fraud-scoring")
    plan = loaded.spec.drift.model_copy(update={"window": WINDOW, "must_detect": {"covariate": 0.5}})
    object.__setattr__(loaded, "spec", loaded.spec.model_copy(update={"drift": plan}))
    return loaded


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    files = {f"monitors/{name}.py": (Path(__file__).parent / f"{name}.py").read_bytes() for name in MODULES}
    files |= {"monitors/train.csv": adapter.training_data(tmp_path_factory.mktemp("data")).read_bytes(), "Dockerfile": DOCKERFILE.encode()}
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True, forcerm=True)
    yield IMAGE
    engine.images.remove(IMAGE, force=True)


@pytest.fixture(scope="module")
def topology(
    engine: docker.DockerClient, challenge: LoadedChallenge, sidecar_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    run_id = f"test-zoo-{os.getpid()}"
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


def streamed(challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, monitor: str, layout: str) -> DriftEvidence:
    candidate = topology.start_candidate(image, env={"MONITOR": monitor, "LAYOUT": layout, "WINDOW": str(WINDOW)})
    try:
        wait_until_it_serves(candidate)
        prepared = prepare(challenge, [KIND], SEED)
        begin = time.monotonic()
        evidence = run(
            prepared, generator, candidate.client, challenge, topology.feature_store, topology.alerts, rate_rps=RATE_RPS, since=begin
        ).evidence
    finally:
        candidate.remove()
    assert evidence.void is None
    assert all(window.ok == window.sent for window in evidence.windows)
    return evidence


@pytest.mark.parametrize("layout", ["inside", pytest.param("workers", marks=pytest.mark.soak), "aside"])
def test_a_sound_monitor_has_full_marks_wherever_it_sits(
    challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, layout: str
) -> None:
    evidence = streamed(challenge, topology, generator, image, "sound", layout)
    credits = adapter.credits(evidence, "quick")
    assert set(credits.values()) == {1.0} and "drift_covariate" in credits, credits


@pytest.mark.parametrize("monitor", [*(pytest.param(name, marks=pytest.mark.soak) for name in ("never", "always")), "counter", "uncorrected"])
def test_a_monitor_that_is_none_has_nothing(
    challenge: LoadedChallenge, topology: Topology, generator: LoadGenerator, image: str, monitor: str
) -> None:
    evidence = streamed(challenge, topology, generator, image, monitor, "inside")
    credits = adapter.credits(evidence, "quick")
    gauge = credits.pop("drift_covariate")
    assert set(credits.values()) == {0.0}, credits
    assert gauge in ((0.0, MEASURED) if monitor == "uncorrected" else (0.0,)), "only an honest gauge may earn its rung"
    assert bool(evidence.alerts) == (monitor != "never")
