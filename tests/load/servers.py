"""Servers on loopback for the load tests: one that stalls by the clock, and some that misbehave."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Handler = Callable[[socket.socket], None]

VALID = {"score": 0.25, "decision": "approve", "model_version": "1.0", "degraded": False}


def read_request(connection: socket.socket) -> bytes | None:
    """The body of the next request, or None when the peer has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head.lower())
    while len(body) < int(found[1] if found else 0):
        piece = connection.recv(65536)
        if not piece:  # a slow client that gave up in its body; asking on would keep a core busy for the rest of the session
            return None
        body += piece
    return body


def prediction(body: bytes, **changes: object) -> bytes:
    return json.dumps({"transaction_id": json.loads(body)["transaction_id"], **VALID, **changes}).encode()


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(reply: Callable[[bytes], bytes]) -> Handler:
    """A keep-alive handler that answers every request with `reply(body)`."""

    def handle(connection: socket.socket) -> None:
        while (body := read_request(connection)) is not None:
            connection.sendall(reply(body))

    return handle


@contextlib.contextmanager
def serving(handle: Handler, address: str = "127.0.0.1") -> Iterator[int]:
    """Serve every connection with `handle` in a thread of its own; yields the port."""
    listener = socket.create_server((address, 0), backlog=512)

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            handle(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()  # else it might accept on the number of this socket, which is another's by then
        listener.close()


@contextlib.contextmanager
def stalling(anchor: float, begin_s: float, end_s: float, reply_s: float = 0.005) -> Iterator[int]:
    """A server process that answers after `reply_s`, but answers nothing from `anchor + begin_s` to `anchor + end_s` (CLOCK_MONOTONIC)."""
    numbers = [repr(value) for value in (anchor + begin_s, anchor + end_s, reply_s)]
    process = subprocess.Popen([sys.executable, Path(__file__), *numbers], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _stall(begin: float, end: float, reply_s: float) -> None:
    def handle(connection: socket.socket) -> None:
        while (body := read_request(connection)) is not None:
            now = time.monotonic()
            ready = (end if begin <= now < end else now) + reply_s
            time.sleep(max(0.0, ready - time.monotonic() - 0.0001))
            while time.monotonic() < ready:
                pass
            connection.sendall(answer(prediction(body)))

    sys.setswitchinterval(0.0002)
    with serving(handle) as port:
        print(port, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    _stall(*(float(value) for value in sys.argv[1:]))
