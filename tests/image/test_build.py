"""Builds on a real engine: what a submission may do to a build, whose fault a failure is, and that nothing stays behind."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path

import docker
import pytest

from grader.schema.causes import Trouble
from grader.schema.evidence import DockerfileChoice
from harness.image.build import build
from harness.image.buildkit import find_cli
from harness.sandbox import owner
from harness.source.tree import SourceTree

from .builds import BASE, Build, limits

pytestmark = pytest.mark.engine


def test_an_image_is_built_labelled_and_described(run: Build, engine: docker.DockerClient, tmp_path: Path) -> None:
    text = BASE + f"COPY . /app\nRUN test ! -e /app/b.txt && echo {uuid.uuid4()} && ls -a /app\n"
    text += "EXPOSE 8090\nUSER 1000\nSTOPSIGNAL SIGQUIT\nHEALTHCHECK CMD x\nCMD python /app/a.py\n"
    found = run(text, {"a.py": "1", "b.txt": "x", ".dockerignore": "*.txt\n"})
    assert (found.builder, found.user, found.exposed_ports, found.healthcheck, found.shell_form) == ("classic", "1000", [8090], True, True)
    assert found.stop_signal == "SIGQUIT"
    assert [image.pin for image in found.base_images] == ["version"]
    assert owner.RUN in engine.images.get(found.digest).labels
    log = (tmp_path / "log").read_text()
    assert "a.py" in log and "b.txt\n" not in log and ".dockerfile.staged\n" not in log
    assert not found.cached and found.size_bytes > 0 and "network of its own" in found.network
    again = run(text, {"a.py": "1", "b.txt": "changed", ".dockerignore": "*.txt\n"})
    assert again.cached


FAILURES: dict[str, tuple[str, str, str]] = {
    "a step that fails": (BASE + "RUN echo before; exit 7\n", "build_failed", r"step 2/\d+: RUN echo before; exit 7: exit code 7(.|\n)*before"),
    "an instruction that does not exist": (BASE + "RUNX ls\n", "build_failed", "unknown instruction: RUNX"),
    "a missing source": (BASE + "COPY nope /x\n", "copy_source_missing", "nope"),
    "a base image of an unknown registry": ("FROM registry.invalid/a:1\n", "image_unavailable", "registry.invalid/a:1"),
    "words of a network error without one": (BASE + "RUN echo 'Could not fetch URL'; exit 1\n", "build_failed", "exit code 1"),
    "a memory hog": (BASE + "RUN python3 -c 'x = bytearray(1 << 30)'\n", "build_failed", "want of memory; a build has 256 MiB"),
    "a last stage that fails": (BASE + "RUN touch /a\n" + BASE + "RUN exit 3\n", "build_failed", r"step 4/\d+: RUN exit 3: exit code 3"),
    "a missing source in the last stage": (BASE + "RUN touch /a\n" + BASE + "COPY nope /\n", "copy_source_missing", "nope"),
    "a network that is not there": (BASE + "RUN echo network xyz not found; exit 1\n", "build_failed", "exit code 1"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_is_laid_at_the_right_door(run: Build, what: str) -> None:
    text, cause, detail = FAILURES[what]
    with pytest.raises(Trouble, match=detail) as caught:
        run(text)
    assert caught.value.cause == cause


def test_a_package_that_does_not_exist_is_the_candidates_and_an_index_out_of_reach_is_not(run: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    text = BASE + "RUN echo 'ERROR: No matching distribution found for x; https://pypi.org'; exit 1\n"
    monkeypatch.setitem(__import__("harness.image.egress", fromlist=["x"]).INDEXES, "pypi.org", ("true",))
    with pytest.raises(Trouble) as reachable:
        run(text)
    assert reachable.value.cause == "build_failed"
    monkeypatch.setitem(__import__("harness.image.egress", fromlist=["x"]).INDEXES, "pypi.org", ("sh", "-c", "echo no route >&2; exit 1"))
    with pytest.raises(Trouble, match="no route") as unreachable:
        run(text)
    assert unreachable.value.cause == "package_index_unreachable"


def test_an_endless_build_ends_at_its_deadline(run: Build) -> None:
    began = time.monotonic()
    with pytest.raises(Trouble, match="RUN sleep 60") as caught:
        run(BASE + "RUN sleep 60\n", limits=limits(build_timeout_s=1.5))
    assert caught.value.cause == "build_timeout"
    assert time.monotonic() - began < 6


def test_a_build_that_is_stopped_in_its_last_stage_gives_no_image(run: Build) -> None:
    with pytest.raises(Trouble) as caught:
        run(BASE + "RUN touch /a\n" + BASE + "RUN sleep 60\n", limits=limits(build_timeout_s=2))
    assert caught.value.cause == "build_timeout"


def test_a_log_flood_is_stopped_and_the_log_stays_small(run: Build, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        run(BASE + "RUN yes 0123456789012345678901234567890123456789\n")
    assert caught.value.cause == "build_log_flood"
    assert (tmp_path / "log").stat().st_size <= 64 << 10


def test_a_cancelled_build_is_gone_within_half_a_second(run: Build, engine: docker.DockerClient) -> None:
    cancel = threading.Event()
    mark = f"sleep 60.{uuid.uuid4().int % 10**9}"
    told: list[float] = []

    def when_it_runs() -> None:
        ends = time.monotonic() + 30
        while time.monotonic() < ends and not _running(engine, mark):
            time.sleep(0.05)
        told.append(time.monotonic())
        cancel.set()

    thread = threading.Thread(target=when_it_runs)
    thread.start()
    with pytest.raises(Trouble) as caught:
        run(BASE + f"RUN {mark}\n", cancel=cancel)
    took = time.monotonic() - told[0]
    thread.join()
    assert caught.value.cause == "interrupted"
    assert not _running(engine, mark)
    assert took < 2.0  # 0.4 s on an idle machine; what is bounded here is that nobody waits for the step


def _running(engine: docker.DockerClient, mark: str) -> bool:
    return any(mark in str(container["Command"]) for container in engine.api.containers())


def test_a_dockerfile_outside_of_its_context_and_links_inside_work(run: Build) -> None:
    text = BASE + "COPY . /app/\nRUN test ! -e /app/Dockerfile && test ! -e /app/.dockerfile.staged\n"
    assert run(text, {"src/a.txt": "x"}, context="src", path="docker/Dockerfile").digest.startswith("sha256:")
    assert run(BASE + "COPY . /app/\nRUN test -L /app/link && cat /app/link\n", {"a.py": "1"}).digest


def test_a_build_that_needs_buildkit_gets_it_and_a_remote_frontend_is_not_pulled(run: Build) -> None:
    if find_cli() is None:
        pytest.skip("no docker command line that drives BuildKit")
    text = "# syntax=registry.invalid/frontend:1\n" + BASE + "RUN --mount=type=cache,target=/c echo from-buildkit\nCMD [\"python3\"]\n"
    found = run(text)
    assert found.builder == "buildkit" and "default network" in found.network
    with pytest.raises(Trouble, match="exit code 4") as caught:
        run(text.replace("echo from-buildkit", "exit 4"))
    assert caught.value.cause == "build_failed"
    with pytest.raises(Trouble) as slow:
        run(text.replace("echo from-buildkit", "sleep 50"), limits=limits(build_timeout_s=2))
    assert slow.value.cause == "build_timeout"


def test_a_build_cannot_reach_this_hosts_own_services(run: Build, sidecar_image: str) -> None:
    import socket

    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        probe = (
            "import socket,struct; g=[l.split()[2] for l in open('/proc/net/route').readlines()[1:] if l.split()[1]=='00000000'][0]; "
            f"socket.create_connection((socket.inet_ntoa(struct.pack('<I', int(g, 16))), {port}), 2)"
        )
        open_network = run(BASE + f'RUN python3 -c "{probe}"\n')
        assert "NOT cut off" in open_network.network
        with pytest.raises(Trouble, match="timed out") as caught:
            run(BASE + f'RUN python3 -c "{probe}" # {port}\n', helper_image=sidecar_image)
    assert caught.value.cause == "build_failed"


def test_an_image_built_before_is_reused_only_when_asked(run: Build, engine: docker.DockerClient, tmp_path: Path) -> None:
    tree = SourceTree(
        root=tmp_path / "t", kind="folder", commit=None, tree=uuid.uuid4().hex, files=1, bytes=1, uncommitted=None, paths=["Dockerfile"]
    )  # fmt: skip
    tree.root.mkdir()
    (tree.root / "Dockerfile").write_text(BASE + "LABEL a=b\n")
    labels = owner.labels(f"test-{uuid.uuid4().hex[:8]}")
    choice = DockerfileChoice(path="Dockerfile", context=".", why="test")
    try:
        first = build(engine, tree, choice, limits(), labels, tmp_path / "log")
        second = build(engine, tree, choice, limits(), labels, tmp_path / "log", reuse=True)
        assert (second.builder, second.digest, second.cached) == ("reused", first.digest, True)
    finally:
        engine.images.remove(first.digest, force=True)
