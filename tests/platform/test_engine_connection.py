"""Finding the engine, and what its errors mean for a candidate: nothing, unless the image itself cannot start."""

from __future__ import annotations

import errno
import socket
import threading
from pathlib import Path

import docker
import pytest
import requests
from docker.errors import APIError, DockerException, ImageNotFound

from grader.schema.base import Culprit
from grader.schema.causes import Trouble
from harness.sandbox import engine as subject


def test_a_named_engine_is_the_only_one_tried() -> None:
    assert subject.endpoints({"DOCKER_HOST": "tcp://10.0.0.1:2375"}) == ["tcp://10.0.0.1:2375"]


def test_docker_comes_before_podman() -> None:
    urls = subject.endpoints({"XDG_RUNTIME_DIR": "/run/user/7"})
    assert urls[0] == "unix:///var/run/docker.sock"
    assert urls[-1] == "unix:///run/user/7/podman/podman.sock"


PLACES = [("unix:///x", True), ("tcp://127.0.0.1:2375", True), ("tcp://10.1.2.3:2375", False), ("ssh://host", False)]


@pytest.mark.parametrize(("url", "local"), PLACES)
def test_a_remote_engine_is_told_from_a_local_one(url: str, local: bool) -> None:
    assert subject.is_local(url) is local


def test_no_engine_is_one_trouble_of_the_host_that_names_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(Trouble) as caught:
        subject.connect()
    assert caught.value.cause == "engine_down"
    assert caught.value.culprit is Culprit.HOST
    assert "none.sock (no such socket)" in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense://x", "ssh://nobody@nowhere.invalid", "tcp://127.0.0.1:1"])
def test_a_useless_docker_host_is_trouble_and_never_a_crash(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    with pytest.raises(Trouble, match="no Docker Engine answers"):
        subject.connect()


def test_an_engine_that_accepts_and_never_answers_is_given_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "PROBE_S", 1.0)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        found = subject.find({"DOCKER_HOST": f"unix://{tmp_path}/s"})
    assert isinstance(found, list)
    assert found[0].why == "no answer within 1 s"


def test_an_engine_that_hangs_up_is_not_an_engine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        assert isinstance(subject.find({"DOCKER_HOST": f"unix://{tmp_path}/s"}), list)


def api(text: str, status: int = 500) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError("server error", response=response, explanation=text)


ERRORS = [
    (requests.exceptions.ConnectionError("connection refused"), "engine_lost"),
    (requests.exceptions.ReadTimeout("read timed out"), "engine_lost"),
    (DockerException("Error while fetching server API version"), "engine_lost"),
    (ConnectionResetError("reset"), "engine_lost"),
    (api("write /var/lib/docker/x: no space left on device"), "disk_full"),
    (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
    (api("network 4c1a not found", 404), "network_lost"),
    (ImageNotFound("No such image: x:y"), "image_unavailable"),
    (api("Get https://registry.example/v2/: dial tcp: lookup registry.example on 10.0.0.1:53: no such host"), "image_unavailable"),
    (api("transport is closing: unavailable"), "engine_lost"),
    (api("No such container: abc", 404), "engine_lost"),
    (api("iptables failed: operation not permitted"), "not_permitted"),
    (api("something nobody has seen yet"), "internal_error"),
    (KeyError("x"), "internal_error"),
]


@pytest.mark.parametrize(("error", "cause"), ERRORS, ids=[f"{i}-{cause}" for i, (_, cause) in enumerate(ERRORS)])
def test_an_engines_error_never_becomes_the_candidates_fault(error: Exception, cause: str) -> None:
    trouble = subject.translate(error)
    assert trouble.cause == cause
    assert trouble.culprit is not Culprit.CANDIDATE


def test_only_a_candidates_own_start_blames_its_entry_point() -> None:
    error = api('OCI runtime create failed: exec: "/app/start.sh": permission denied: unknown', 400)
    assert subject.translate(error, candidate_starts=True).cause == "start_exited"
    assert subject.translate(error).culprit is not Culprit.CANDIDATE


def test_a_trouble_passes_unchanged() -> None:
    trouble = Trouble("build_failed", "x")
    assert subject.translate(trouble) is trouble


def test_what_an_engine_says_is_one_short_printable_line() -> None:
    detail = subject.translate(api("a\x1b[31m\n" * 500)).detail
    assert detail.isprintable()
    assert len(detail) <= 300


@pytest.mark.engine
def test_the_engine_answers_and_a_missing_image_is_the_hosts_matter(engine: docker.DockerClient) -> None:
    assert engine.ping()
    with pytest.raises(ImageNotFound) as caught:
        engine.images.get("grader-never-made:1")
    assert subject.translate(caught.value).cause == "image_unavailable"
