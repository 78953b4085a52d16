"""The feature store at the level of bytes: keep-alive, pipelining, what it answers to clients that are rude."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.sidecars.feature_store import USUAL_S

from .servers import Running, sidecar

ROUTE = "/v1/customers/c%201/features"
REQUEST = f"GET {ROUTE} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@pytest.fixture(scope="module")
def store() -> Iterator[Running]:
    with sidecar("feature_store") as running:
        running.ask("load", customers={"c 1": {"avg_amount_30d": 1.5}})
        yield running


@pytest.fixture(autouse=True)
def healthy(store: Running) -> Iterator[None]:
    yield
    store.ask("mode", mode="ok")


def connect(store: Running) -> socket.socket:
    return socket.create_connection((store.client.host, store.client.port), timeout=2)


def receive(connection: socket.socket, count: int) -> bytes:
    """Read until `count` answers have begun."""
    data = b""
    while data.count(b"HTTP/1.1 ") < count or not data.endswith(b"}"):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def test_a_known_customer_is_answered_with_its_id(store: Running) -> None:
    assert store.client.get(ROUTE).json() == {"customer_id": "c 1", "avg_amount_30d": 1.5}


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/v1/customers/nobody/features", 404), ("GET", "/", 404), ("POST", ROUTE, 405), ("DELETE", ROUTE, 405),
])  # fmt: skip
def test_everything_else_is_refused_politely(store: Running, method: str, path: str, status: int) -> None:
    assert store.client.request(method, path, body=b"{}" if method == "POST" else None).status == status


def test_requests_of_one_connection_are_answered_in_turn_even_when_pipelined(store: Running) -> None:
    with connect(store) as connection:
        connection.sendall(REQUEST * 50)
        assert receive(connection, 50).count(b"HTTP/1.1 200 OK") == 50


def test_a_request_may_arrive_byte_by_byte(store: Running) -> None:
    with connect(store) as connection:
        for n in range(len(REQUEST)):
            connection.sendall(REQUEST[n : n + 1])
        assert b"200 OK" in receive(connection, 1)


def test_a_mode_holds_for_connections_that_are_open_already(store: Running) -> None:
    with connect(store) as connection:
        connection.sendall(REQUEST)
        assert b"200 OK" in receive(connection, 1)
        store.ask("mode", mode="error", params={"status": 503})
        connection.sendall(REQUEST)
        assert b"503" in receive(connection, 1)


def test_refusing_ends_open_connections_and_counts_attempts(store: Running) -> None:
    with connect(store) as connection:
        before = store.ask("stats")["hits"]["refuse"]
        store.ask("mode", mode="refuse")
        with pytest.raises(ConnectionResetError):
            connection.sendall(REQUEST)
            connection.recv(10)
            raise ConnectionResetError  # a clean end is an end, too
        assert [store.client.get(ROUTE).error for _ in range(3)] == ["refused"] * 3
        assert store.ask("stats")["hits"]["refuse"] >= before + 3
    store.ask("mode", mode="ok")
    assert store.client.get(ROUTE).status == 200


def test_a_flapping_store_keeps_its_schedule_from_the_switch_on_and_counts_both_faces(store: Running) -> None:
    before = store.ask("stats")["met"]
    since = store.ask("mode", mode="flap", params={"down_s": 0.15, "up_s": 0.1, "status": 502})["since"]
    seen: list[tuple[float, float, int | None]] = []
    while time.monotonic() < since + 0.6:
        begin = time.monotonic()
        status = store.client.get(ROUTE).status
        seen.append((begin - since, time.monotonic() - since, status))
    met = store.ask("stats")["met"]
    for begin, end, status in seen:
        if begin // 0.25 == end // 0.25 and (begin % 0.25 < 0.15) == (end % 0.25 < 0.15):
            assert status == (502 if begin % 0.25 < 0.15 else 200)
    statuses = [status for _, _, status in seen]
    assert met["flap_down"] - before["flap_down"] == statuses.count(502) > 5
    assert met["flap_up"] - before["flap_up"] == statuses.count(200) > 5


def test_with_credentials_only_the_present_token_is_answered(store: Running) -> None:
    def get(*headers: str) -> bytes:
        with connect(store) as connection:
            connection.sendall(f"GET {ROUTE} HTTP/1.1\r\n{''.join(line + chr(13) + chr(10) for line in headers)}\r\n".encode())
            return receive(connection, 1).split(b"\r\n")[0]

    before = store.ask("stats")["met"]
    store.ask("mode", mode="auth", params={"token": "one"})
    assert b" 200 " in get("authorization: Bearer one")
    assert b" 401 " in get()
    store.ask("mode", mode="auth", params={"token": "two"})
    assert b" 401 " in get("Authorization: Bearer one")
    assert b" 200 " in get("Authorization: Bearer two")
    met = store.ask("stats")["met"]
    assert (met["auth_rejected"] - before["auth_rejected"], met["auth_accepted"] - before["auth_accepted"]) == (2, 2)
    store.ask("mode", mode="ok")
    assert b" 200 " in get()


def test_huge_answers_to_many_do_not_keep_it_from_answering_its_control_line(store: Running) -> None:
    store.ask("mode", mode="huge")
    greedy = [connect(store) for _ in range(30)]
    for connection in greedy:
        connection.sendall(REQUEST)
        connection.settimeout(1)
        assert connection.recv(1 << 16)
    begin = time.monotonic()
    for _ in range(20):
        store.ask("stats")
    assert time.monotonic() - begin < 0.5
    for connection in greedy:
        connection.close()


@pytest.mark.parametrize("rude", [b"\x16\x03\x01\x02\x00 nonsense\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET /\r\n\r\n"])
def test_what_is_no_request_is_answered_400_and_closed(store: Running, rude: bytes) -> None:
    with connect(store) as connection:
        connection.sendall(rude)
        assert receive(connection, 1).startswith(b"HTTP/1.1 4")


def test_endless_headers_are_cut_off(store: Running) -> None:
    with connect(store) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 4000)
        assert b" 431 " in receive(connection, 1)


def test_an_unknown_mode_or_parameter_is_refused_and_changes_nothing(store: Running) -> None:
    assert "error" in store.ask("mode", mode="sideways")
    assert "error" in store.ask("mode", mode="slow", params={"delay": 1})
    assert store.ask("stats")["mode"] == "ok"


def test_a_good_answer_takes_what_a_real_store_takes(store: Running) -> None:
    with connect(store) as connection:
        for _ in range(20):
            begin = time.monotonic()
            connection.sendall(REQUEST)
            receive(connection, 1)
            assert time.monotonic() - begin >= USUAL_S


def test_it_keeps_up_with_far_more_than_the_load_of_a_run(store: Running) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(store)) for _ in range(50)]
        begin = time.monotonic()
        for _ in range(20):
            for connection in connections:
                connection.sendall(REQUEST)
            for connection in connections:
                connection.recv(4096)
        assert 1000 / (time.monotonic() - begin) > 1000, "requests per second, fifty at once: their waits do not add up"
