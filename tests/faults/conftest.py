"""One topology, one image and one generator for all fault tests; a service per test module's wish."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from harness.faults.base import Scene, wait_for
from harness.load.generator import LoadGenerator
from harness.sandbox import owner
from harness.sandbox.topology import Topology
from harness.seeds import Seeds

DOCKERFILE = 'FROM {base}\nCOPY service.py /service.py\nUSER 1234\nENTRYPOINT ["python3", "/service.py"]\nCMD []\n'
IMAGE = "grader-test-faults-service"


@pytest.fixture(scope="session")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="session")
def rows(challenge: LoadedChallenge) -> list[Row]:
    return challenge.simulator().stream(3000, 5)


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run records of tests stay out of the user's own state folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient, base_image: str) -> str:
    """The candidate image; kept between sessions by the engine's build cache."""
    return built(engine, IMAGE, {"Dockerfile": DOCKERFILE.format(base=base_image), "service.py": Path(__file__).with_name("service.py").read_text()})


def built(engine: docker.DockerClient, tag: str, files: Mapping[str, str]) -> str:
    """Build an image of these files, one of them the Dockerfile."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=tag, rm=True, forcerm=True)
    return tag


@pytest.fixture(scope="session")
def topology(engine: docker.DockerClient, challenge: LoadedChallenge, sidecar_image: str) -> Iterator[Topology]:
    run_id = f"test-faults-{os.getpid()}"
    with Topology(engine, run_id, challenge.spec, owner.labels(run_id), sidecar_image) as topology:
        yield topology


@pytest.fixture(scope="session")
def generator(topology: Topology) -> Iterator[LoadGenerator]:
    with LoadGenerator(topology.cores.ours) as generator:
        yield generator


@pytest.fixture(scope="module")
def start(topology: Topology, generator: LoadGenerator, image: str, challenge: LoadedChallenge, rows: list[Row]) -> Iterator[Callable[..., Scene]]:
    """Starts a service with the given environment and waits until it predicts."""
    with ExitStack() as stack:

        def start(**env: str) -> Scene:
            candidate = topology.start_candidate(image, env=env)
            stack.callback(candidate.remove)
            topology.feature_store.load({str(row.features["customer_id"]): row.features for row in rows})
            made = Scene(topology, candidate, generator, challenge, Seeds(b"k" * 16, "commit", 1))
            assert wait_for(lambda: made.predicts(rows[0]) is not None, time.monotonic() + 10), candidate.logs().decode()
            return made

        yield start
