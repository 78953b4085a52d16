"""An engine that hangs is made one that is lost: a wait without a deadline ends all the same."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException
from requests import RequestException

from harness.sandbox.heartbeat import Heartbeat, answers, cut


class HungEngine:
    """Speaks until it is told to hang; then it accepts and says nothing."""

    def __init__(self, path: Path) -> None:
        self.speaks = True
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the test is over and has closed the connection
            while (request := connection.recv(1 << 16)) and self.speaks:
                if b"/wait" in request.split(b"\r\n")[0]:
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[tuple[HungEngine, docker.DockerClient]]:
    engine = HungEngine(tmp_path / "engine.sock")
    client = docker.DockerClient(base_url=f"unix://{tmp_path / 'engine.sock'}", version="1.41")
    yield engine, client
    client.close()
    for connection in [engine.listener, *engine.open]:
        connection.close()


def test_a_wait_without_a_deadline_ends_when_the_engine_falls_silent(hung: tuple[HungEngine, docker.DockerClient]) -> None:
    engine, client = hung
    told = threading.Event()
    with Heartbeat(client, lost=told.set, silent_s=1.5):
        assert answers(client)
        waiting = threading.Timer(0.5, lambda: setattr(engine, "speaks", False))
        waiting.start()
        begin = time.monotonic()
        with pytest.raises((DockerException, RequestException)):
            client.api.wait("x")
        assert time.monotonic() - begin < 60
        assert told.wait(5)


def test_only_connections_to_the_engine_are_cut(hung: tuple[HungEngine, docker.DockerClient]) -> None:
    _, client = hung
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as other:
        assert answers(client)
        assert cut(client) == 1
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
        other.sendall(b"x")
    assert answers(client), "the next request makes a new connection"


def test_one_that_refuses_does_not_answer(tmp_path: Path) -> None:
    client = docker.DockerClient(base_url=f"unix://{tmp_path / 'nobody.sock'}", version="1.41")
    assert not answers(client)
    client.close()
