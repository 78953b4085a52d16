"""Targets that are no service: on loopback or nowhere, each with the little that the load stage wants to know of a candidate."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from load.servers import Handler, always, answer, read_request, serving

from harness.client import Client
from harness.host import core_times
from harness.sandbox.usage import Usage

FOREVER_S = 30.0
"""Longer than any deadline of a client; no thread of a test outlives it for long."""


@dataclass(frozen=True)
class Target:
    """Claims all the CPU time of the machine as its own, so that no window is void for what runs beside the tests."""

    port: int
    ip: str = "127.0.0.1"
    start: float = field(default_factory=time.monotonic)

    @property
    def client(self) -> Client:
        return Client(self.ip, self.port)

    def usage(self) -> Usage:
        return Usage(core_times([0]).busy_s + 10 * (time.monotonic() - self.start), 0.0, 0, 1000, time.monotonic())


def close_at_once(_: socket.socket) -> None:
    pass


def until_told(say: Callable[[], bytes], start: bytes, pause_s: float = 0.0) -> Handler:
    """Says something for ever once it was asked."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        end = time.monotonic() + FOREVER_S
        while time.monotonic() < end:
            connection.sendall(say())
            time.sleep(pause_s)

    return handle


OK = b"HTTP/1.1 200 OK\r\n"
HANDLERS: dict[str, Handler] = {
    "closes": close_at_once,
    "floods": until_told(lambda: b" " * 65536, OK + b"\r\n"),
    "drips": until_told(lambda: b" ", OK + b"\r\n", 0.05),
    "chunks for ever": until_told(lambda: b"1\r\n \r\n" * 100, OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "continues for ever": until_told(lambda: b"HTTP/1.1 100 Continue\r\n\r\n", b"", 0.01),
    "a head for ever": until_told(lambda: b"a: b\r\n" * 100, OK),
    "garbage": always(lambda _: answer(b"\x00\xff{]" * 20)),
    "empty": always(lambda _: answer(b"{}")),
    "no HTTP": always(lambda _: b"SSH-2.0-nope\r\n"),
}


@contextmanager
def target(kind: str) -> Iterator[Target]:
    if kind == "refuses":
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            yield Target(unused.getsockname()[1])
        return
    with suppress(OSError), serving(HANDLERS[kind]) as port:
        yield Target(port)
