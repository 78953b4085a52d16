"""A grading that is stopped or killed leaves nothing: at once where it can still act, at the next start where it was killed."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from git_server import serving

from .grading import Grading, Place, eventually_empty, orphan_rules, owned, processes_of, submission

pytestmark = pytest.mark.engine

ENDS_WITHIN_S = 30.0
"""It takes one to three seconds on a quiet machine; the bar is there for what hangs."""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission whose build lasts until somebody ends it."""
    return submission(tmp_path_factory.mktemp("slow") / "repository", extra="RUN sleep 300")


def left(place: Place, engine: docker.DockerClient, token: str, sidecar_image: str) -> list[str]:
    rules = eventually_empty(lambda: orphan_rules(engine, sidecar_image))
    processes = eventually_empty(lambda: processes_of(place.folder), 5)
    folders = [str(path) for path in place.temporary.iterdir()] + [str(path) for path in place.state()]
    drafts = [str(path) for path in place.out.glob(".*")] if place.out.exists() else []
    return [*owned(engine, token), *rules, *processes, *folders, *drafts]


MOMENTS = [
    ("started", "image", "build", signal.SIGINT),
    ("finished", "prepare", "build", signal.SIGTERM),
    ("started", "prepare", "good", signal.SIGINT),
    ("started", "boot", "good", signal.SIGTERM),
    ("started", "load", "good", signal.SIGINT),
    pytest.param("started", "drift", "good", signal.SIGTERM, marks=pytest.mark.soak),
    pytest.param("note", "faults", "good", signal.SIGINT, marks=pytest.mark.soak),
]


@pytest.mark.parametrize(("event", "stage", "which", "number"), MOMENTS)
def test_a_signal_ends_a_grading_in_one_line_and_nothing_is_left(
    event: str, stage: str, which: str, number: signal.Signals, place: Place, engine: docker.DockerClient, good: Path, slow: Path, sidecar_image: str
) -> None:
    with place.grading(slow if which == "build" else good) as grading:
        grading.until(event, stage)
        time.sleep(0.4)  # into the middle of it
        grading.process.send_signal(number)
        done = grading.end(ENDS_WITHIN_S)
    assert done.code == 3
    assert done.line.startswith("grader: grader: the grading was stopped: by SIG")
    assert left(place, engine, grading.token, sidecar_image) == []
    assert list(place.out.iterdir()) == [], "no half of a report"


@contextmanager
def stalled_clone(place: Place, folder: Path, keys: tuple[Path, Path, Path]) -> Iterator[Grading]:
    """A grading whose git waits for a server that says nothing."""
    with serving(folder / "served", keys) as server:
        server.stall = threading.Event()
        with place.grading(server.url("x"), "--allow-host", server.host, "--ca-file", str(server.ca_file)) as grading:
            grading.until("started", "clone")
            deadline = time.monotonic() + 30
            while not server.requests and time.monotonic() < deadline:
                time.sleep(0.05)
            assert server.requests
            yield grading


def test_a_signal_ends_a_clone(
    place: Place, engine: docker.DockerClient, sidecar_image: str, tmp_path: Path, certificates: tuple[Path, Path, Path]
) -> None:
    with stalled_clone(place, tmp_path, certificates) as grading:
        grading.process.send_signal(signal.SIGINT)
        assert grading.end(ENDS_WITHIN_S).code == 3
        assert left(place, engine, grading.token, sidecar_image) == []


def test_a_signal_ends_a_build_that_waits_for_a_registry(place: Place, engine: docker.DockerClient, sidecar_image: str, tmp_path: Path) -> None:
    """A pull hears no cancel: its connection has to be cut."""
    repository = submission(tmp_path / "repository")
    with socket.create_server(("127.0.0.1", 0)) as registry:  # accepts and says nothing
        dockerfile = repository / "Dockerfile"
        dockerfile.write_text(dockerfile.read_text().replace("python:3.11-slim", f"localhost:{registry.getsockname()[1]}/slow"))
        with place.grading(repository) as grading:
            grading.until("finished", "prepare")
            time.sleep(0.4)
            grading.process.send_signal(signal.SIGINT)
            done = grading.end(ENDS_WITHIN_S)
    assert done.code == 3
    assert left(place, engine, grading.token, sidecar_image) == []


def test_signals_that_are_repeated_do_not_cut_the_clean_up_short(place: Place, engine: docker.DockerClient, good: Path, sidecar_image: str) -> None:
    """`make` and CI systems signal a whole process group, and again."""
    with place.grading(good) as grading:
        grading.until("started", "load")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            grading.process.send_signal(number)
            time.sleep(0.1)
        assert grading.end(ENDS_WITHIN_S).code == 3
    assert left(place, engine, grading.token, sidecar_image) == []


def test_an_earlier_report_survives_a_grading_that_is_stopped(place: Place, good: Path) -> None:
    (place.out / "bundle").mkdir(parents=True)
    (place.out / "bundle" / "manifest.json").write_text("{}")
    (place.out / "report.html").write_text("earlier")
    with place.grading(good) as grading:
        grading.until("started", "image")
        grading.process.send_signal(signal.SIGTERM)
        assert grading.end(ENDS_WITHIN_S).code == 3
    assert (place.out / "report.html").read_text() == "earlier"
    assert (place.out / "bundle" / "manifest.json").read_text() == "{}"
    assert sorted(path.name for path in place.out.iterdir()) == ["bundle", "report.html"]


def sweep(place: Place, tmp_path: Path) -> None:
    """The next grading, of a repository with nothing in it."""
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "README.md").write_text("nothing\n")
    assert place.grade(tmp_path / "next").code == 1
    for name in ("bundle", "report.html", "junit.xml", "summary.md", "result.json"):
        assert (place.out / name).exists()


@pytest.mark.parametrize(
    ("event", "stage", "which"), [("finished", "prepare", "build"), ("started", "prepare", "good"), ("started", "load", "good")]
)
def test_what_a_killed_grading_left_is_gone_after_the_next(
    event: str, stage: str, which: str, place: Place, engine: docker.DockerClient, good: Path, slow: Path, sidecar_image: str, tmp_path: Path
) -> None:
    with place.grading(slow if which == "build" else good) as grading:
        grading.until(event, stage)
        time.sleep(0.6)
        grading.process.kill()
        grading.end(ENDS_WITHIN_S)
    assert owned(engine, grading.token) and list(place.temporary.iterdir()), "it was killed in the middle of its work"
    sweep(place, tmp_path)
    assert left(place, engine, grading.token, sidecar_image) == []


@pytest.mark.soak
@pytest.mark.timeout(5400)
def test_thirty_kills_at_random_moments_leave_nothing(
    place: Place, engine: docker.DockerClient, good: Path, slow: Path, sidecar_image: str, tmp_path: Path
) -> None:
    """Every third while something new is built, the others anywhere from the clone to the report."""
    chance = random.Random(56)
    working = 0
    for n in range(30):
        shutil.rmtree(place.out, ignore_errors=True)
        moment = chance.uniform(0.1, 50.0 if n % 3 else 12.0)
        with place.grading(good if n % 3 else slow) as grading:
            with contextlib.suppress(subprocess.TimeoutExpired):
                grading.process.wait(moment)
            grading.process.kill()
            grading.end(ENDS_WITHIN_S)
        working += bool(owned(engine, grading.token))
        folder = tmp_path / str(n)
        folder.mkdir()
        sweep(place, folder)
        assert left(place, engine, grading.token, sidecar_image) == [], f"kill {n + 1}, after {moment:.2f} s"
    assert working >= 20, "most were killed in the middle of their work"


def test_a_git_that_outlives_its_killed_grading_does_not_outlive_it_long(
    place: Place, engine: docker.DockerClient, sidecar_image: str, tmp_path: Path, certificates: tuple[Path, Path, Path]
) -> None:
    with stalled_clone(place, tmp_path, certificates) as grading:
        grading.process.kill()
        grading.end(ENDS_WITHIN_S)
        sweep(place, tmp_path)
        assert left(place, engine, grading.token, sidecar_image) == []
