"""Attacks 30, 33, 34, 38, 54 and 55 from inside of a real container: what it writes, asks, claims and ignores stays within its bounds."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from attacks.measured import LIMIT_MIB, MIB, measured

from grader.schema.challenge import Challenge
from harness.sandbox import owner
from harness.sandbox.container import Candidate
from harness.sandbox.engine import connect
from harness.sandbox.sweep import sweep
from harness.sandbox.topology import Topology

from .conftest import IMAGE
from .test_sweep import dead_token
from .tools import run_inside, until

pytestmark = pytest.mark.engine
Start = Callable[..., Candidate]

TRICKY = f"""\
FROM {IMAGE}
USER root
RUN mkdir -p /data/deep /kept && echo there > /kept/file
VOLUME ["/etc", "/data/deep", "/kept", "/opt/x"]
HEALTHCHECK --interval=1s --timeout=1s CMD touch /data/healthcheck-ran
"""

FILL = """
import errno, json, os
filled = {}
for place in sorted({line.split()[1] for line in open("/proc/mounts")} | {"/", "/home", "/root", "/run", "/var/tmp", "/var/log", "/dev", "/usr"}):
    name, written = os.path.join(place, "fill"), 0
    try:
        with open(name, "wb", buffering=0) as file:
            while written < 2 << 30:
                written += file.write(bytes(1 << 20))
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        reason = errno.errorcode[error.errno]
    else:
        reason = "no end"
    try:
        os.remove(name)
    except OSError:
        pass
    if written or reason == "no end":
        filled[place] = [written >> 20, reason]
print(json.dumps(filled))
"""


@pytest.fixture(scope="module")
def tricky_image(engine: docker.DockerClient, service_image: str) -> Iterator[str]:
    """Root by its own wish, volumes over places that matter, a health check that leaves a trace."""
    lying = {owner.OWNER: dead_token(), owner.RUN: "another-run", owner.KIND: "sidecar", owner.BRIDGE: "docker0", owner.CREATED: "0"}
    text = TRICKY + "".join(f'LABEL {name}="{value}"\n' for name, value in lying.items())
    image, _ = engine.images.build(fileobj=io.BytesIO(text.encode()), rm=True, forcerm=True)
    yield str(image.id)
    engine.images.remove(str(image.id), force=True)


@pytest.fixture
def tricky(topology: Topology, tricky_image: str) -> Iterator[Candidate]:
    candidate = topology.start_candidate(tricky_image)
    until(lambda: candidate.client.get("/readyz").ok)
    yield candidate
    candidate.remove()


def test_what_an_image_declares_widens_nothing(tricky: Candidate, engine: docker.DockerClient) -> None:
    status = dict(line.split(":\t", 1) for line in run_inside(tricky, "cat", "/proc/self/status")["out"].splitlines() if ":\t" in line)
    assert status["Uid"].split() == ["0"] * 4, "root, as the image wants"
    assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    for place in ("/etc", "/kept", "/opt/x", "/usr"):
        assert run_inside(tricky, "touch", f"{place}/new")["code"] != 0, place
    assert run_inside(tricky, "cat", "/kept/file")["out"] == "there\n"
    time.sleep(2.5)  # the stimulus: two of its intervals
    assert run_inside(tricky, "ls", "/data/healthcheck-ran")["code"] != 0
    assert "Health" not in engine.api.inspect_container(tricky.id)["State"]


def test_labels_of_ours_on_an_image_fool_nobody(
    tricky: Candidate, tricky_image: str, topology: Topology, engine: docker.DockerClient, sidecar_image: str
) -> None:
    found = engine.api.inspect_container(tricky.id)["Config"]["Labels"]
    assert {name: found[name] for name in topology.labels} == topology.labels
    assert found[owner.KIND] == "candidate"
    bystander = engine.volumes.create()
    try:
        sweep(engine, sidecar_image)
        assert tricky.client.get("/healthz").ok, "it looks abandoned by its image's labels, and is not"
        assert bystander.id in {volume.id for volume in engine.volumes.list()}
    finally:
        bystander.remove()


def test_no_place_inside_takes_more_than_its_bound(start: Start, challenge: Challenge) -> None:
    candidate = start()  # a new one: /data belongs to the user of the image that was started last
    until(lambda: candidate.client.get("/readyz").ok)
    filled = json.loads(run_inside(candidate, "python3", "-c", FILL)["out"])
    bounds = {"/data": challenge.limits.data_mib, "/tmp": challenge.limits.tmp_mib, "/dev/shm": 64}
    assert set(filled) <= set(bounds), filled
    assert {place: [min(mib, bounds[place]), reason] for place, (mib, reason) in filled.items()} == filled
    assert {reason for _, reason in filled.values()} == {"ENOSPC"}
    assert {"/data", "/tmp"} <= set(filled)


def tail_of(container: str) -> int:
    """Reads the log as a grading does; bytes."""
    client = connect()
    try:
        return len(Candidate(client, client.containers.get(container), None, "", 0, None, False).logs())  # type: ignore[arg-type]
    finally:
        client.close()


def test_a_flood_and_a_line_of_30_mb_stay_small_here(start: Start, engine: docker.DockerClient, challenge: Challenge) -> None:
    candidate = start()
    until(lambda: candidate.client.get("/readyz").ok)
    endless = "import os\nfor _ in range(30):\n    os.write(1, b'x' * 1000000)\nos.write(1, b'\\n')\n"
    flood = "import os\nfor n in range(60000):\n    os.write(1, b'%d ' % n + b'y' * 1000 + b'\\n')\n"
    for script in (endless, flood):
        done = run_inside(candidate, "sh", "-c", f'python3 -c "{script}" > /proc/1/fd/1')
        assert done["code"] == 0, done
    log = Path(engine.api.inspect_container(candidate.id)["LogPath"])
    if os.access(log.parent, os.R_OK):
        assert log.stat().st_size <= (challenge.limits.log_mib + 1) * MIB
    found = measured(tail_of, candidate.id)
    assert found.error is None, found.error
    assert 0 < found.value <= MIB
    assert found.cost.mib <= LIMIT_MIB, str(found.cost)


class NameServer:
    """Answers nothing and remembers every datagram that reaches port 53 of this host."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def __enter__(self) -> NameServer:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("0.0.0.0", 53))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"end", ("127.0.0.1", 53))
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while (data := self._socket.recv(4096)) != b"end":
            self.heard.append(data)


ASK = """
import socket, sys
for name in ("secret-one.example.com", "secret-two.example.org."):
    try:
        socket.getaddrinfo(name, 80)
    except OSError:
        pass
for server in sys.argv[1:]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.sendto(b"secret-three", (server, 53))
        except OSError:
            pass
"""


def test_a_name_server_hears_nothing_of_what_is_asked_inside(good: Candidate, topology: Topology, engine: docker.DockerClient) -> None:
    ours = [topology.network.address(1), engine.networks.get("bridge").attrs["IPAM"]["Config"][0].get("Gateway", "172.17.0.1"), "127.0.0.11"]
    try:
        server = NameServer().__enter__()
    except OSError as error:
        pytest.skip(f"port 53 of this host cannot be listened on: {error}")
    with server:
        run_inside(good, "python3", "-c", ASK, *ours)
        time.sleep(0.3)
        assert server.heard == []
        topology.helper.allow_input(topology.network.bridge)
        try:
            run_inside(good, "python3", "-c", ASK, *ours)
            until(lambda: server.heard, 3)
            assert b"secret-three" in server.heard, "the listener is not deaf"
        finally:
            assert topology.helper.drop_input(topology.network.bridge) is None


def test_a_service_that_ignores_sigterm_is_gone_as_quickly(start: Start) -> None:
    candidate = start("deaf")
    until(lambda: candidate.client.get("/readyz").ok)
    candidate.signal("SIGTERM")
    time.sleep(0.3)
    assert candidate.state().running, "it ignores it"
    begin = time.monotonic()
    candidate.remove()
    assert time.monotonic() - begin < 5
