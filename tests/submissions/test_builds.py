"""Every reference builds, and its container does what its name says."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import docker
import pytest
from docker.models.containers import Container

from challenges import loader
from harness.sandbox.owner import OWNER, owner_token
from submissions.conftest import SUBMISSIONS

pytestmark = pytest.mark.engine
SAMPLE = loader.load("fraud-scoring").samples[0]


@contextmanager
def started(engine: docker.DockerClient, name: str) -> Iterator[Container]:
    """A container of the submission under the limits of a grading, without network services; removed with its volume and image."""
    tag, labels = f"reference-{name}:{uuid.uuid4().hex[:12]}", {OWNER: owner_token()}
    try:
        engine.images.build(path=str(SUBMISSIONS / name), tag=tag, rm=True, forcerm=True, labels=labels)
        container = engine.containers.run(
            tag, detach=True, labels=labels, read_only=True, tmpfs={"/tmp": "size=64m,noexec"}, mem_limit="512m", pids_limit=256, cap_drop=["ALL"],
            security_opt=["no-new-privileges"], environment={"PORT": "8090", "FEATURE_STORE_URL": "http://127.0.0.1:9", "DATA_DIR": "/data"},
        )
        try:
            yield container
        finally:
            container.remove(force=True, v=True)
    finally:
        engine.images.remove(tag, force=True)


def ask(container: Container, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    """One request over the container's own address; waits up to 30 s for the service to listen."""
    container.reload()
    address = next(iter(container.attrs["NetworkSettings"]["Networks"].values()))["IPAddress"]
    deadline = time.monotonic() + 30
    while True:
        connection = HTTPConnection(address, 8090, timeout=5)
        try:
            connection.request(method, path, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise AssertionError(container.logs().decode(errors="replace")[-2000:]) from None
            time.sleep(0.1)  # polling, bounded by the deadline above
        finally:
            connection.close()


def await_ready(container: Container) -> None:
    """Wait up to 30 s for the model to be loaded: a service that listens already refuses predictions until then, and may."""
    deadline = time.monotonic() + 30
    while (answer := ask(container, "GET", "/readyz"))[0] != 200:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)  # polling, bounded by the deadline above


AWAIT_TRAIL = """
import pathlib, time
trail, until = pathlib.Path("/data/audit.jsonl"), time.monotonic() + 5
while not (trail.exists() and trail.read_text()) and time.monotonic() < until:
    time.sleep(0.02)
print(trail.read_text())
"""
"""The trail once it is written: it may be buffered for a moment."""


def test_the_oracle_serves_degraded_without_a_store_audits_and_leaves_cleanly(engine: docker.DockerClient) -> None:
    with started(engine, "oracle") as container:
        await_ready(container)
        status, body = ask(container, "POST", "/predict", SAMPLE)
        assert (status, json.loads(body)["degraded"]) == (200, True)
        assert ask(container, "POST", "/predict", {"amount": "x"})[0] == 422
        audit = container.exec_run(["python", "-c", AWAIT_TRAIL]).output
        assert isinstance(audit, bytes)
        assert json.loads(audit)["transaction_id"] == SAMPLE["transaction_id"]
        container.kill("SIGTERM")
        assert container.wait(timeout=6)["StatusCode"] == 0
        assert SAMPLE["cardholder_name"] not in container.logs().decode()


def test_the_weak_one_is_alive_but_needs_its_store(engine: docker.DockerClient) -> None:
    with started(engine, "weak") as container:
        assert ask(container, "GET", "/healthz")[0] == 200
        assert ask(container, "POST", "/predict", SAMPLE)[0] == 500  # it loads its model before it listens


def test_the_nulls_do_nothing(engine: docker.DockerClient) -> None:
    assert [path.name for path in (SUBMISSIONS / "null-empty").iterdir()] == ["README.md"]
    with started(engine, "null-exits") as container:
        assert container.wait(timeout=10)["StatusCode"] == 1
    with started(engine, "null-200") as container:
        assert ask(container, "POST", "/predict", SAMPLE) == (200, b"{}")
