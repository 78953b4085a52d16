"""Attacks 22 to 24 and 27 to 30 on a real engine, by either builder: limits that hold, and nothing that reaches this host or another build."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from attacks import catalogue

from grader.schema.causes import Culprit, Trouble
from harness.image import confine, watch
from harness.image.buildkit import find_cli
from harness.image.egress import build_network, default_network

from .builds import BASE, Build, limits

pytestmark = pytest.mark.engine
KNOWN = catalogue.load()

BUILDERS = {"classic": "", "buildkit": "--mount=type=cache,target=/c "}
"""What makes a step need it."""

BOMB = """
import os, time
children = 0
try:
    while children < 20_000:
        if not os.fork():
            time.sleep(60)
            os._exit(0)
        children += 1
except OSError as error:
    print(children, "processes, then", error.strerror, flush=True)
os.killpg(0, 9)
"""
CONNECT = (
    "import socket,struct; g=[l.split()[2] for l in open('/proc/net/route').readlines()[1:] if l.split()[1]=='00000000'][0]; "
    "socket.create_connection((socket.inet_ntoa(struct.pack('<I', int(g, 16))), {port}), 2); print('reached', {port})"
)


def rejected(number: int, trouble: Trouble) -> bool:
    """Whether it is the candidate's, with the message that the catalogue tells of."""
    return trouble.culprit is Culprit.CANDIDATE and re.search(KNOWN.attacks[number].message, f"{trouble.cause}: {trouble.detail}", re.S) is not None


@pytest.fixture(params=BUILDERS)
def step(request: pytest.FixtureRequest) -> str:
    """How a step begins that the named builder runs."""
    if request.param == "buildkit" and find_cli() is None:
        pytest.skip("no docker command line that drives BuildKit")
    return f"RUN {BUILDERS[request.param]}"


@pytest.fixture(autouse=True)
def nothing_stays(engine: docker.DockerClient) -> Iterator[None]:
    yield
    ends = time.monotonic() + 10
    while (left := left_behind()) and time.monotonic() < ends:
        time.sleep(0.2)  # a build beside ours takes a moment from its bridge to its last rule
    assert left == [], "cgroups or rules of a build that is over"


def left_behind() -> list[str]:
    """Cgroups and rules of builds whose bridge is gone; those of a build that somebody runs beside ours are theirs."""
    rules = subprocess.run(["iptables", "-S"], capture_output=True, text=True, check=False).stdout
    found = [(path.name, str(path)) for path in Path("/sys/fs/cgroup").glob("**/grb*") if path.is_dir()]
    found += [(name, rule) for rule in rules.splitlines() for name in re.findall(r"\bgrb[0-9a-f]{10}\b", rule)]
    return [thing for name, thing in found if not Path("/sys/class/net", name).exists()]


def test_a_fork_bomb_ends_at_the_builds_limit(step: str, run: Build, sidecar_image: str, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        run(f"{BASE}COPY bomb.py /\n{step} python3 /bomb.py\n", {"bomb.py": BOMB}, limits=limits(build_memory_mib=2048), helper_image=sidecar_image)
    assert rejected(23, caught.value)
    said = next(line for line in (tmp_path / "log").read_text().splitlines() if "processes, then" in line)
    count = int(next(word for word in said.split() if word.isdigit() and len(word) > 1))
    assert 500 < count <= confine.PIDS


def test_a_memory_hog_is_killed_and_told_so(step: str, run: Build, sidecar_image: str) -> None:
    with pytest.raises(Trouble) as caught:
        run(f"{BASE}{step} python3 -c 'x = bytearray(1 << 30)'\n", helper_image=sidecar_image)
    assert rejected(22, caught.value)


def test_a_step_that_fills_the_disk_is_stopped_and_blamed(run: Build, sidecar_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STEP_DISK", 300 << 20)
    before = shutil.disk_usage("/").free
    with pytest.raises(Trouble) as caught:
        run(f"{BASE}RUN dd if=/dev/zero of=/fill bs=1M count=20000\n", helper_image=sidecar_image)
    assert rejected(24, caught.value)
    assert before - shutil.disk_usage("/").free < 1 << 30, "what it wrote is gone with it"


def test_many_steps_that_fill_the_disk_together_are_stopped_and_blamed(run: Build, sidecar_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STEP_DISK", 400 << 20)
    monkeypatch.setattr(watch, "BUILD_DISK", 500 << 20)
    steps = "".join(f"RUN dd if=/dev/zero of=/fill{n} bs=1M count=200 && sleep 1 # {uuid.uuid4()}\n" for n in range(20))
    with pytest.raises(Trouble, match="a build may write 500 MiB") as caught:
        run(f"{BASE}{steps}", helper_image=sidecar_image)
    assert rejected(24, caught.value)


def test_a_disk_that_others_fill_is_not_the_builds_doing(run: Build, sidecar_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "DISK_FLOOR", shutil.disk_usage("/").total)
    with pytest.raises(Trouble) as caught:
        run(f"{BASE}RUN sleep 30\n", helper_image=sidecar_image)
    assert (caught.value.cause, caught.value.culprit) == ("disk_full", Culprit.HOST)


def test_this_hosts_own_services_are_out_of_reach(step: str, run: Build, sidecar_image: str, tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        probe = CONNECT.format(port=listener.getsockname()[1])
        with pytest.raises(Trouble, match="timed out") as caught:
            run(f'{BASE}{step} python3 -c "{probe}"\n', helper_image=sidecar_image)
        assert caught.value.cause == "build_failed"
        assert "reached" not in (tmp_path / "log").read_text().replace("print('reached'", "")


def test_the_clouds_metadata_address_is_out_of_reach(engine: docker.DockerClient, sidecar_image: str) -> None:
    """By the rules' own counts, since nothing answers there on this host: what a build sends to it is dropped on its way, and nothing else is."""
    flags: dict[str, Any] = {"entrypoint": [], "remove": True}
    probe = "import socket\ntry: socket.create_connection(('169.254.169.254', 80), 1)\nexcept OSError: pass"

    def dropped(chain: str) -> int:
        admin = {"network_mode": "host", "cap_add": ["NET_ADMIN", "NET_RAW"], "user": "0:0", "tmpfs": {"/run": "size=1m"}}
        said = engine.containers.run(sidecar_image, ["iptables", "-w", "5", "-nvxL", "FORWARD"], **flags, **admin).decode()
        return sum(int(line.split()[0]) for line in said.splitlines() if "169.254.0.0/16" in line and chain in line)

    with build_network(engine, {}, sidecar_image) as network, default_network(engine, {}, sidecar_image, network.bridge) as words:
        assert "169.254.0.0/16" in network.words and "169.254.0.0/16" in words
        engine.containers.run(sidecar_image, ["python3", "-c", probe], network=network.name, **flags)
        assert dropped(f"{network.bridge} ") > 0
        before = dropped("docker0")
        engine.containers.run(sidecar_image, ["python3", "-c", probe], network="bridge", **flags)
        assert dropped("docker0") > before


def test_what_runs_on_the_default_network_keeps_its_way_to_the_host(run: Build, engine: docker.DockerClient, sidecar_image: str) -> None:
    """The same connection from a container that was there before a BuildKit's build."""
    if find_cli() is None:
        pytest.skip("no docker command line that drives BuildKit")
    with socket.create_server(("0.0.0.0", 0)) as listener:
        probe = CONNECT.format(port=listener.getsockname()[1])
        neighbour = engine.containers.run(sidecar_image, ["sleep", "120"], entrypoint=[], detach=True, network_mode="bridge")
        try:
            with default_network(engine, {}, sidecar_image, "grb0123456789") as words:
                assert "are dropped" in words
                code, said = neighbour.exec_run(["python3", "-c", probe])
                assert (code, b"reached" in said) == (0, True), said
                late = engine.containers.run(sidecar_image, ["sleep", "60"], entrypoint=[], detach=True, network_mode="bridge")
                try:
                    assert late.exec_run(["python3", "-c", probe])[0] != 0
                finally:
                    late.remove(force=True)
        finally:
            neighbour.remove(force=True)


def test_triggers_of_a_base_run_within_the_same_limits(run: Build, sidecar_image: str) -> None:
    with pytest.raises(Trouble, match=r"ONBUILD|FROM base") as caught:
        run(f"{BASE[:-1]} AS base\nONBUILD RUN yes 01234567890123456789\nFROM base\n", helper_image=sidecar_image)
    assert caught.value.cause == "build_log_flood"


@pytest.mark.parametrize("take", ["FROM {image}\n", BASE + "COPY --from={image} / /stolen\n"])
def test_another_submissions_image_is_no_base(take: str, run: Build, sidecar_image: str) -> None:
    theirs = run(f"{BASE}RUN echo {uuid.uuid4()} > /model\n", helper_image=sidecar_image).digest
    for image in (theirs, theirs.removeprefix("sha256:")[:12], sidecar_image):
        with pytest.raises(Trouble, match="of the grader or of another submission") as caught:
            run(take.format(image=image), helper_image=sidecar_image)
        assert caught.value.cause == "build_failed"


@pytest.mark.parametrize("mount", ["type=cache,target=/c", "type=cache,id=shared,target=/c", "target=/c,type=cache,sharing=shared"])
def test_what_one_leaves_in_a_cache_mount_another_does_not_find(mount: str, run: Build, sidecar_image: str, tmp_path: Path) -> None:
    if find_cli() is None:
        pytest.skip("no docker command line that drives BuildKit")
    assert run(f"{BASE}RUN --mount={mount} echo evil > /c/evil && echo planted\n", helper_image=sidecar_image).builder == "buildkit"
    assert run(f"{BASE}RUN --mount={mount} test ! -e /c/evil && echo clean\n", helper_image=sidecar_image).builder == "buildkit"


def test_a_submissions_own_cache_mount_is_one_place_within_it(run: Build, sidecar_image: str) -> None:
    if find_cli() is None:
        pytest.skip("no docker command line that drives BuildKit")
    mount = "RUN --mount=type=cache,target=/c"
    assert run(f"{BASE}{mount} echo mine > /c/mine\n{mount} \\\n    cat /c/mine\n", helper_image=sidecar_image).digest
