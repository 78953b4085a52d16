from __future__ import annotations

import pytest

from harness.load.wire import Reply, WireError, head, request


def parse(data: bytes, step: int) -> Reply | None:
    """Feed `data` in pieces of `step` bytes; None when the reply is not complete at its end."""
    reply = Reply(1000)
    for start in range(0, len(data), step):
        if reply.feed(data[start : start + step]):
            return reply
    return reply if reply.end() else None


COMPLETE = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "close asked": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
    "old": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
    "old keep-alive": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", b"hi", True),
    "until close": (b"HTTP/1.1 200 OK\r\n\r\nall of it", b"all of it", False),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", True),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde", True),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n", b"a", True),
}


@pytest.mark.parametrize("step", [1, 2, 7, 10000])
@pytest.mark.parametrize("name", COMPLETE)
def test_a_reply_is_understood_however_its_bytes_arrive(name: str, step: int) -> None:
    data, body, keep_alive = COMPLETE[name]
    reply = parse(data, step)
    assert reply is not None
    assert (reply.body, reply.keep_alive) == (body, keep_alive)


BROKEN = {
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 4000,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "too long": b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
    "too long in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
    "too long until close": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
    "signed chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "interim flood": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
}


@pytest.mark.parametrize("step", [1, 10000])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_acceptable_reply_is_refused(name: str, step: int) -> None:
    with pytest.raises(WireError):
        parse(BROKEN[name], step)


def test_a_cut_reply_is_not_complete() -> None:
    assert parse(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 3) is None
    assert parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 3) is None


def test_bytes_after_a_reply_make_the_connection_unfit_for_another_request() -> None:
    reply = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", 10000)
    assert reply is not None
    assert not reply.keep_alive


def test_a_request_carries_its_length() -> None:
    data = request(head("POST", "/predict", "10.0.0.2", 8090), b"{}")
    assert data.startswith(b"POST /predict HTTP/1.1\r\nHost: 10.0.0.2:8090\r\n")
    assert data.endswith(b"Content-Length: 2\r\n\r\n{}")
