"""One measurement slot, topology and generator per module: other tests of the session grade in processes of their own and wait for the slot."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row

from .bench import Bench, benched, build


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


@pytest.fixture(scope="session")
def spoiler(engine: docker.DockerClient, base_image: str) -> str:
    return build(engine, base_image, "spoiler.py")


@pytest.fixture(scope="module")
def bench(engine: docker.DockerClient, challenge: LoadedChallenge, rows: list[Row], sidecar_image: str) -> Iterator[Bench]:
    with benched(engine, challenge, rows, sidecar_image) as bench:
        yield bench
