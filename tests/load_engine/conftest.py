"""One measurement slot, topology and generator per module: other tests of the session grade in processes of their own and wait for the slot."""

from __future__ import annotations

import os
from collections.abc import Iterator

import docker
import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from harness.host import hold_slot
from harness.load.generator import LoadGenerator
from harness.sandbox import owner
from harness.sandbox.topology import Topology
from harness.sandbox.vigil import Vigil

from .bench import Bench, build

SLOT_S = 300.0


@pytest.fixture(scope="session")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="session")
def rows(challenge: LoadedChallenge) -> list[Row]:
    return challenge.simulator().stream(8000, 5)


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run records of tests stay out of the user's own state folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def service(engine: docker.DockerClient, base_image: str) -> str:
    return build(engine, base_image, "service.py")


@pytest.fixture(scope="module")
def bench(
    engine: docker.DockerClient, challenge: LoadedChallenge, rows: list[Row], sidecar_image: str, request: pytest.FixtureRequest
) -> Iterator[Bench]:
    run_id = f"test-load-{request.module.__name__.rpartition('.')[2]}-{os.getpid()}"
    with (
        hold_slot(SLOT_S) as slot,
        Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image, cores=slot.cores) as topology,
        LoadGenerator(topology.cores.ours) as generator,
    ):
        yield Bench(topology, generator, challenge, rows, Vigil(engine, run_id, topology.network.name))
