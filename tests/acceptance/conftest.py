"""The oracle as an image, and the sandbox around it, for stages that are repeated without a whole grading."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from challenges.loader import LoadedChallenge, load
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

ORACLE = Path(__file__).resolve().parents[2] / "challenges/fraud-scoring/submissions/oracle"
READY_S = 60.0


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, base_image: str) -> Iterator[str]:
    tag = f"reference-oracle:{uuid.uuid4().hex[:12]}"
    engine.images.build(path=str(ORACLE), tag=tag, rm=True, forcerm=True, labels={owner.OWNER: owner.owner_token()})
    yield tag
    engine.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def topology(
    engine: docker.DockerClient, challenge: LoadedChallenge, sidecar_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    run_id = f"test-repeats-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))  # run records stay out of the user's own
        with Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image) as entered:
            yield entered


def await_ready(candidate: Candidate, challenge: LoadedChallenge) -> None:
    deadline = time.monotonic() + READY_S
    while candidate.client.get(challenge.spec.contract.ready).status != 200:
        assert time.monotonic() < deadline, candidate.logs()
        time.sleep(0.05)  # pace of polling; the condition above ends the wait
