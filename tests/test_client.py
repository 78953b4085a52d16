"""The hardened client against servers that misbehave: whatever they do, it comes back in time, in bounds, and says what it was.

A first version of the deadline silently never fired; the drip tests are its memorial.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.client import Client, Reply, strict_json

Script = Callable[[socket.socket], None]

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def serving(script: Script) -> Iterator[Client]:
    """A loopback server that reads a request's head and then does what the script says, per connection."""
    stop = threading.Event()

    def run(connection: socket.socket) -> None:
        with connection:
            data = b""
            while b"\r\n\r\n" not in data and (piece := connection.recv(65536)):
                data += piece
            try:
                while not stop.is_set():
                    script(connection)
                    return
            except OSError:
                return  # the client hung up, as it should

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield Client("127.0.0.1", int(listener.getsockname()[1]))
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread: closing alone would leave it waiting, later on somebody else's socket
            accepting.join()


def saying(data: bytes) -> Script:
    return lambda connection: connection.sendall(data)


def forever(piece: bytes, pause_s: float = 0.0, before: bytes = b"") -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(before)
        if not piece:
            connection.recv(1)  # until the client hangs up
            return
        while True:
            connection.sendall(piece)
            time.sleep(pause_s)

    return script


def get(script: Script, *, deadline_s: float = 1.0, max_bytes: int = 1 << 20) -> Reply:
    with serving(script) as client:
        return client.get("/", deadline_s=deadline_s, max_bytes=max_bytes)


SLOW_OR_ENDLESS: dict[str, tuple[Script, set[str]]] = {
    "body drip": (forever(b"x", 0.05, HEAD + b"Content-Length: 100000\r\n\r\n"), {"timeout"}),
    "header drip": (forever(b"a", 0.05, HEAD + b"X-Drip: "), {"timeout"}),
    "status drip": (forever(b"", 0.05, b"HTTP/1."), {"timeout"}),
    "chunk drip": (forever(b"1\r\nx\r\n", 0.05, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), {"timeout"}),
    "chunk size drip": (forever(b"0", 0.05, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), {"timeout"}),
    "trailer drip": (forever(b"a", 0.05, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "), {"timeout"}),
    "slow 1xx": (forever(b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), {"timeout"}),
    "silence": (forever(b"", 0.05), {"timeout"}),
    "1xx flood": (forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), {"too_large"}),
    "endless headers": (forever(b"X-More: y\r\n" * 1000, 0.0, HEAD), {"too_large"}),
    "one endless header": (forever(b"y" * 10000, 0.0, HEAD + b"X: "), {"too_large"}),
    "endless body": (forever(b"x" * 65536, 0.0, HEAD + b"\r\n"), {"too_large"}),
    "endless chunks": (forever(b"1\r\nx\r\n" * 10000, 0.0, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), {"too_large", "timeout"}),
    "endless chunk extension": (forever(b"1;" + b"e" * 4096, 0.0, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), {"too_large", "not_http"}),
    "endless trailers": (forever(b"X-More: y\r\n" * 1000, 0.0, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"), {"too_large"}),
    "huge length": (forever(b"x", 0.05, HEAD + b"Content-Length: 999999999999\r\n\r\n"), {"too_large"}),
}


@pytest.mark.parametrize("name", SLOW_OR_ENDLESS)
def test_the_deadline_and_the_caps_hold_against(name: str) -> None:
    script, errors = SLOW_OR_ENDLESS[name]
    begin = time.monotonic()
    reply = get(script, deadline_s=0.6)
    assert time.monotonic() - begin < 0.9
    assert reply.error in errors
    assert not reply.ok
    assert reply.json() is None
    assert len(reply.body) <= 1 << 20


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_an_answer_may_come_in_any_pieces(pieces: int) -> None:
    answer = HEAD + b'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"score":0.5}'

    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = max(1, len(answer) // pieces)
        for n in range(0, len(answer), step):
            connection.sendall(answer[n : n + step])

    reply = get(script)
    assert (reply.status, reply.error, reply.json()) == (200, None, {"score": 0.5})
    assert reply.headers["content-type"] == "application/json"


GOOD: dict[str, tuple[bytes, bytes]] = {
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n", b"abcde"),
    "until close": (b"\r\nabcde", b"abcde"),
    "length": (b"Content-Length: 5\r\n\r\nabcdeXXXX", b"abcde"),
    "the same length twice": (b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", b"abcde"),
    "nothing": (b"Content-Length: 0\r\n\r\n", b""),
}


@pytest.mark.parametrize("name", GOOD)
def test_bodies_are_framed_by(name: str) -> None:
    rest, body = GOOD[name]
    reply = get(saying(HEAD + rest))
    assert (reply.status, reply.body, reply.error) == (200, body, None)


def test_interim_answers_are_passed_over() -> None:
    reply = get(saying(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nok"))
    assert (reply.status, reply.body, "link" in reply.headers) == (200, b"ok", False)


@pytest.mark.parametrize("junk", [
    b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01\x00\x02\x02\x16", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 20\r\n\r\n", b"HTTP/1.1 999 X\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\n\r\n", HEAD + b"no colon\r\n\r\n", HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    HEAD + b"Transfer-Encoding: gzip\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", HEAD + b" folded: x\r\n\r\n",
])  # fmt: skip
def test_what_is_not_http_is_said_to_be(junk: bytes) -> None:
    assert get(saying(junk)).error == "not_http"


@pytest.mark.parametrize(("said", "error"), [
    (b"", "eof"), (b"HTTP/1.1 200 O", "eof"), (HEAD + b"Content-Length: 10\r\n\r\nabc", "eof"),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "eof"),
])  # fmt: skip
def test_a_broken_off_answer_is_an_error_even_with_a_status(said: bytes, error: str) -> None:
    reply = get(saying(said))
    assert reply.error == error
    assert not reply.ok


def test_resets_refusals_and_holes_are_told_apart() -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    assert get(reset).error == "reset"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    assert Client("127.0.0.1", port).get("/").error == "refused"
    assert Client("255.255.255.255", 80).get("/", deadline_s=0.3).error in ("unreachable", "reset", "timeout")


def test_redirects_are_not_followed() -> None:
    reply = get(saying(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"))
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/")


def test_compressed_bodies_are_not_unpacked() -> None:
    reply = get(saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"))
    assert reply.body == b"\x1f\x8b\x08\x00"


def test_an_early_answer_to_a_large_body_is_read() -> None:
    """413 before the body is read: the rest cannot be sent, the answer counts all the same."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)

    with serving(script) as client:
        assert client.request("POST", "/", body=b"x" * (32 << 20), deadline_s=3).status == 413


def test_a_server_that_never_reads_the_body_meets_the_deadline() -> None:
    with serving(lambda connection: time.sleep(5)) as client:
        begin = time.monotonic()
        assert client.request("POST", "/", body=b"x" * (32 << 20), deadline_s=0.5).error == "timeout"
        assert time.monotonic() - begin < 0.8


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_end_with_their_head(status: int) -> None:
    reply = get(forever(b"", 0.05, f"HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n".encode()))
    assert (reply.status, reply.body, reply.error) == (status, b"", None)


@pytest.mark.parametrize("path", ["", "x", "/a b", "/a\r\nX: y", "http://elsewhere/"])
def test_a_request_target_cannot_smuggle(path: str) -> None:
    with pytest.raises(ValueError, match="request target"):
        Client("127.0.0.1", 1).get(path)


def test_a_header_cannot_smuggle() -> None:
    with pytest.raises(ValueError, match="line break"):
        Client("127.0.0.1", 1).request("GET", "/", headers={"X": "a\r\nY: b"})


@pytest.mark.parametrize("text", [
    "NaN", "[Infinity]", "-Infinity", "1e999", "[" * 33 + "]" * 33, '{"a":' * 33 + "1" + "}" * 33, "[" * 100_000, "1" * 22, "1." + "0" * 100,
    "{", "", "{'a': 1}", "[1,]", '"\\', '"' + '\\"' * 100_000, b"\xff", b"\xef\xbb\xbf{}",
])  # fmt: skip
def test_json_is_strict(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        strict_json(text)


@pytest.mark.parametrize(("text", "value"), [
    ("[" * 32 + "]" * 32, None), ('{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', None), ('"\\"[[["', '"[[['), ("-9223372036854775808", -(2**63)),
    ("1e-400", 0.0), ("0.1", 0.1), ("null", None), (b'"\xc3\xa9"', "é"),
])  # fmt: skip
def test_json_that_is_fine_is_read(text: str | bytes, value: object) -> None:
    parsed = strict_json(text)
    assert value is None or parsed == value
