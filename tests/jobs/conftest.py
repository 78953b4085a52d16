"""A queue on SQLite and on a real PostgreSQL, and real worker processes on it that tests may kill."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer
from needs import missing

from grader.jobs.model import Job, JobStatus
from grader.jobs.seam import Queue
from grader.jobs.settings import JobSettings
from jobs import postgres

TESTS = Path(__file__).resolve().parents[1]
SOON = {"heartbeat_s": 0.5, "lost_after_s": 3.0, "poll_s": 0.2, "stop_s": 5.0, "drain_s": 20.0}
numbers = itertools.count(1)


class Hosts:
    """Queue, store, and worker processes; each host has a data folder of its own, but SQLite knows one host only."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url = folder, database_url
        self.settings = self.of_host(0)
        self.queue = Queue(self.settings, versions=lambda job: {"grader": "1"})
        self._workers: list[subprocess.Popen[bytes]] = []

    def of_host(self, number: int, **more: object) -> JobSettings:
        values = {
            "data_dir": self.folder / (f"host-{number}" if self.database_url else "host"), "database_url": self.database_url,
            "store_url": (self.folder / "artifacts").as_uri(), "pipeline": "jobs.pipelines:short", "probe": "jobs.pipelines:fine",
        }  # fmt: skip
        return JobSettings(**(values | SOON | more))  # type: ignore[arg-type]

    def worker(self, host: int = 0, **more: object) -> subprocess.Popen[bytes]:
        """Start a worker on a host."""
        env = os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))}
        env |= {f"GRADER_{key.upper()}": str(value) for key, value in self.of_host(host, **more).model_dump().items()}
        with (self.folder / f"worker-{len(self._workers)}.log").open("wb") as log:
            started = subprocess.Popen(
                ["nice", "-n", "19", sys.executable, "-m", "grader", "worker"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._workers.append(started)
        return started

    def end(self) -> None:
        for worker in self._workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        self.queue.close()

    def said(self) -> str:
        """The workers' logs."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("worker-*.log")))

    def submit(self, origin: str, owner: str = "someone", **more: object) -> str:
        return self.queue.submit(Job(origin=origin, challenge="none", key=f"k{next(numbers)}", owner=owner, **more))  # type: ignore[arg-type]

    def status(self, id: str) -> JobStatus:
        return self.queue.status([id])[id]

    def until(self, true: Callable[[], bool], seconds: float = 40.0) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.said()[-5000:]
            time.sleep(0.1)

    def until_ended(self, *ids: str, seconds: float = 60.0) -> None:
        self.until(lambda: all(status.state.ended for status in self.queue.status(ids).values()), seconds)

    def kinds(self, id: str) -> list[str]:
        return [event.kind for event in self.queue.events(id)]


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL server for the whole session."""
    found = postgres.programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.server(found) as one:
        yield one


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a real S3 API server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new bucket, with the settings that an operator would give."""
    name = f"bucket{next(numbers)}"
    for key, value in {"ENDPOINT_URL": s3, "ALLOW_HTTP": "true", "REGION": "us-east-1", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    requests.put(f"{s3}/{name}", timeout=10).raise_for_status()
    return f"s3://{name}/grader"


@pytest.fixture(params=["sqlite", "postgresql"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosts]:
    """A queue on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("server").fresh(f"queue{next(numbers)}")
    made = Hosts(tmp_path, url)
    yield made
    made.end()


@pytest.fixture
def fleet(server: postgres.Postgres, tmp_path: Path) -> Iterator[Hosts]:
    """A queue on PostgreSQL only."""
    made = Hosts(tmp_path, server.fresh(f"queue{next(numbers)}"))
    yield made
    made.end()
