"""The fleet as `deploy/` describes it, in real containers: its image, pages and a worker as compose.yaml runs them, PostgreSQL and an S3 server."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests
import yaml
from docker.models.containers import Container
from git_server import GitServer, certificates, server
from jobs import postgres
from moto.server import ThreadedMotoServer
from needs import missing
from test_real_grading import push, watched
from test_serve import Started, _hand_in_by_page, _signed_in

from grader.jobs.store import Store

__all__ = ["certificates", "server"]

pytestmark = [pytest.mark.committed, pytest.mark.engine, pytest.mark.soak, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
WORKER = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["worker"]
S3 = {"AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "grader", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient) -> Iterator[str]:
    """The image of pages and workers, as `docker build -f deploy/Dockerfile .` makes it."""
    tag = "ml-takehome-grader:tested"
    engine.images.build(path=str(ROOT), dockerfile="deploy/Dockerfile", tag=tag, rm=True, forcerm=True)
    yield tag
    engine.images.remove(tag, force=True)


@contextlib.contextmanager
def running(engine: docker.DockerClient, image: str, verb: list[str], **options: Any) -> Iterator[Container]:
    container = engine.containers.create(image, verb, detach=True, **options)
    try:
        container.start()
        yield container
    finally:
        container.remove(force=True, v=True)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def said(container: Container, wanted: str, seconds: float = 60.0) -> str:
    """The container's output once it holds what is wanted."""
    deadline = time.monotonic() + seconds
    while wanted not in (text := container.logs().decode(errors="replace")):
        assert time.monotonic() < deadline and container.attrs, text[-3000:]
        time.sleep(0.2)
    return text


def test_a_submission_goes_through_the_fleet(
    engine: docker.DockerClient, image: str, server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = postgres.programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    url, commit = push(server, "null-200", tmp_path)
    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    store.start()
    address = "http://{}:{}".format(*store.get_host_and_port())
    requests.put(f"{address}/grader", timeout=10).raise_for_status()
    port = free_port()
    with postgres.server(found) as database:
        settings = S3 | {
            "AWS_ENDPOINT_URL": address, "GRADER_STORE_URL": "s3://grader/artifacts", "GRADER_DATABASE_URL": database.fresh("fleet"),
            "GRADER_OPERATOR_KEY": "0123456789abcdef0123456789abcdef", "GRADER_ALLOW_HOSTS": server.host, "GRADER_CA_FILE": str(server.ca_file),
        }  # fmt: skip
        certificate = [f"{server.ca_file}:{server.ca_file}:ro"]
        pages = {"GRADER_HOST": "127.0.0.1", "GRADER_PORT": str(port), "GRADER_SECRET_KEY": "0123456789abcdef0123456789abcdef"}
        folder = WORKER["environment"]["GRADER_DATA_DIR"]
        own = {"TMPDIR": WORKER["environment"]["TMPDIR"], "GRADER_DATA_DIR": folder}
        with (
            running(engine, image, ["grader", "serve", "--no-worker"], network_mode="host", environment=settings | pages, volumes=certificate) as web,
            running(
                engine, image, WORKER["command"], network_mode=WORKER["network_mode"], pid_mode=WORKER["pid"], cap_add=WORKER["cap_add"],
                security_opt=WORKER["security_opt"], environment=settings | own, volumes=[*WORKER["volumes"], *certificate],
            ) as worker,
        ):  # fmt: skip
            text = said(web, f"http://127.0.0.1:{port}/")
            admin = re.search(r"First administrator: (\S+)  password: (\S+)", text)
            assert admin
            service = Started(None, f"http://127.0.0.1:{port}", admin[1], admin[2], tmp_path)  # type: ignore[arg-type]
            _hand_in_by_page(service, url)
            client = _signed_in(service.base, service.name, service.password)
            try:
                watched(service, client, 300)
            except AssertionError:
                print(worker.logs().decode(errors="replace")[-5000:])
                raise
            report = client.get(f"{service.base}/submissions/1/report.html")
            assert report.status_code == 200 and commit[:7] in report.text, report.text[:2000]
            for name, value in (S3 | {"AWS_ENDPOINT_URL": address}).items():
                monkeypatch.setenv(name, value)
            published = Store("s3://grader/artifacts")
            (key,) = [key for key in published.keys("results") if key.endswith("/result.json")]
            result = json.loads(published.read(key) or b"{}")
            assert result["status"] == "gate_failed" and result["score"]["high"] <= 500
            worker.stop(timeout=60)
            worker.reload()
            assert worker.attrs["State"]["ExitCode"] == 0, worker.logs().decode(errors="replace")[-2000:]
    store.stop()
