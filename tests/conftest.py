"""What every test may ask for: a real Docker Engine, our images on it, a real browser; and that nothing is left behind.

Without an engine the tests marked `engine` are skipped by name. `GRADER_REQUIRE_ENGINE=1` (CI) turns such skips into failures.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from needs import missing

from grader.schema.causes import Trouble
from harness.image.base import ensure_base, ensure_sidecar_image
from harness.mend import chromium as find_chromium
from harness.sandbox.engine import connect
from harness.sandbox.owner import OWNER, owner_token


def pytest_configure(config: pytest.Config) -> None:
    """Signals as a terminal has them: a shell starts what it runs in the background with SIGINT ignored, nohup with SIGHUP, and every program
    that a test starts would inherit that."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long repeats run only when asked for by name, so that `-m engine` does not start them either."""
    if "soak" in config.option.markexpr:
        return
    soaks = [item for item in items if item.get_closest_marker("soak")]
    if soaks:
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that answers. Whatever this test session leaves there fails the session's last engine test."""
    try:
        client = connect()
    except Trouble as trouble:
        missing(str(trouble))
    yield client
    leaked = _owned(client)
    client.close()
    assert not leaked, f"left behind at the engine: {', '.join(leaked)}"


def _owned(client: docker.DockerClient) -> list[str]:
    """What this very process made and did not remove; other graders on this machine are none of our business."""
    ours: dict[str, Any] = {"label": f"{OWNER}={owner_token()}"}
    containers = [f"container {c.name}" for c in client.containers.list(all=True, filters=ours, ignore_removed=True)]
    networks = [f"network {n.name}" for n in client.networks.list(filters=ours)]
    volumes = [f"volume {v.name}" for v in client.volumes.list(filters=ours)]
    return [*containers, *networks, *volumes]


@pytest.fixture(autouse=True)
def _engine_where_marked(request: pytest.FixtureRequest) -> None:
    """A test that reaches the engine by another way (the command line) is skipped or failed like the others."""
    if request.node.get_closest_marker("engine"):
        request.getfixturevalue("engine")


@pytest.fixture(scope="session")
def base_image(engine: docker.DockerClient) -> str:
    """Id of python:3.11-slim or its stand-in."""
    return ensure_base(engine)


@pytest.fixture(scope="session")
def sidecar_image(engine: docker.DockerClient) -> str:
    """Name of the image of our own containers."""
    return ensure_sidecar_image(engine)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a headless-capable Chromium."""
    path = find_chromium()
    if path is None:
        missing("no Chromium runs here; `grader doctor` says how to get one")
    return path
