"""One candidate image and one topology for all tests of this folder: starting them is what takes time."""

from __future__ import annotations

import io
import os
import tarfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from grader.schema.challenge import Challenge
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

from .tools import until

DOCKERFILE = """\
FROM python:3.11-slim
RUN useradd -u 1234 -g 100 app && mkdir /data /stuff && echo baked > /data/baked && echo stuff > /stuff/file
VOLUME /stuff
COPY service.py /service.py
USER app
CMD ["python3", "/service.py"]
"""
IMAGE = "grader-test-sandbox-service"


@pytest.fixture(scope="session")
def challenge() -> Challenge:
    path = Path(__file__).parents[2] / "challenges" / "fraud-scoring" / "challenge.toml"
    return Challenge(**tomllib.loads(path.read_text()))


@pytest.fixture(scope="session")
def service_image(engine: docker.DockerClient, sidecar_image: str) -> str:
    """The candidate image; kept between sessions by the engine's build cache."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, data in (("Dockerfile", DOCKERFILE.encode()), ("service.py", (Path(__file__).parent / "service.py").read_bytes())):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True, forcerm=True, labels={"org.grader.test": "sandbox"})
    return IMAGE


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run records of tests stay out of the user's own state folder."""
    folder = tmp_path_factory.mktemp("state")
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(folder)
    yield folder
    os.environ.pop("XDG_STATE_HOME") if before is None else os.environ.update(XDG_STATE_HOME=before)


@pytest.fixture(scope="session")
def topology(engine: docker.DockerClient, challenge: Challenge, sidecar_image: str) -> Iterator[Topology]:
    run_id = f"test-{os.getpid()}"
    with Topology(engine, run_id, challenge, owner.labels(run_id), sidecar_image) as topology:
        yield topology


@pytest.fixture
def start(topology: Topology, service_image: str) -> Iterator[Callable[..., Candidate]]:
    """Starts candidates in a mode; they are removed after the test."""
    started: list[Candidate] = []

    def start(mode: str = "good", **env: str) -> Candidate:
        started.append(topology.start_candidate(service_image, env={"SERVICE_MODE": mode} | env))
        return started[-1]

    yield start
    for candidate in started:
        candidate.remove()


@pytest.fixture(scope="session")
def good(topology: Topology, service_image: str) -> Iterator[Candidate]:
    """A healthy candidate that many tests look at and none changes for good."""
    candidate = topology.start_candidate(service_image)
    until(lambda: candidate.client.get("/readyz").ok)
    yield candidate
    candidate.remove()
