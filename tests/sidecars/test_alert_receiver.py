"""Which notifications the receiver takes, and that nothing a submission sends can fill or stop it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from harness.sidecars.alert_receiver import MAX_ALERTS, MAX_KEPT, Inbox, WebhookConnection, problem

from .servers import Running, sidecar


def notification(**changes: Any) -> dict[str, Any]:
    alert = {"status": "firing", "labels": {"alertname": "drift", "feature": "amount"}, "annotations": {"summary": "x"},
             "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "1"}  # fmt: skip
    return {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "r", "alerts": [alert]} | changes


def test_what_alertmanager_sends_is_taken() -> None:
    assert problem(notification()) is None


@pytest.mark.parametrize("junk", [
    None, 1, [], {}, notification(version=4), notification(version="5"), notification(status="ok"), notification(alerts=[]),
    notification(alerts={}), notification(alerts=[1]), notification(alerts=[{"status": "firing"}]),
    notification(alerts=[{"status": "firing", "labels": {"feature": "amount"}}]),
    notification(alerts=[{"status": "firing", "labels": {"alertname": "a", "n": 1}}]),
    notification(alerts=[{"status": "firing", "labels": {"alertname": "a" * 5000}}]),
    notification(alerts=[{"status": "firing", "labels": {"alertname": "a"}}] * 501),
    notification(alerts=[{"status": "firing", "labels": {"alertname": "a"}, "startsAt": 5}]),
])  # fmt: skip
def test_junk_is_refused_with_a_reason(junk: object) -> None:
    assert problem(junk)


def test_deep_nesting_is_junk_not_a_crash() -> None:
    assert Inbox().accept(b"[" * 100_000) == "the body is not JSON"


def test_memory_is_bounded_and_the_overflow_counted() -> None:
    inbox = Inbox()
    body = json.dumps(notification(alerts=notification()["alerts"] * 500)).encode()
    for _ in range(MAX_ALERTS // 500 + 1):
        assert inbox.accept(body) is None
    assert (len(inbox.alerts), inbox.overflowed, inbox.sequence) == (MAX_ALERTS, 500, MAX_ALERTS + 500)
    assert inbox.alerts[0]["seq"] == 501


def test_labels_of_a_letter_each_take_no_more_memory_than_long_ones() -> None:
    inbox = Inbox()
    alert = notification()["alerts"][0] | {"labels": {"alertname": "a"} | {chr(0x4E00 + n): chr(0x4E00 + n) for n in range(63)}}
    body = json.dumps(notification(alerts=[alert] * 250)).encode()
    for _ in range(MAX_ALERTS // 250):
        assert inbox.accept(body) is None
    assert inbox.overflowed > 0 and inbox.kept_bytes <= MAX_KEPT


class Wire(asyncio.Transport):
    """A transport that only keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.reading = b"", True

    def write(self, data: Any) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def test_a_body_in_tiny_chunks_is_not_read_again_with_each_of_them() -> None:
    """Twenty thousand segments of one chunk of one byte each."""

    async def fed(chunks: int) -> float:
        inbox, wire = Inbox(), Wire()
        connection = WebhookConnection(inbox)
        connection.connection_made(wire)
        connection.data_received(b"POST /webhook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        began = time.process_time()
        for _ in range(chunks):
            connection.data_received(b"1\r\n[\r\n")
        took = time.process_time() - began
        assert (connection.held, inbox.connections.held, wire.written) == (chunks, chunks, b"")
        connection.data_received(b"0\r\n\r\n")
        assert wire.written.startswith(b"HTTP/1.1 400") and inbox.connections.held == 0
        return took

    assert asyncio.run(fed(20_000)) < 2


def test_answers_that_nobody_reads_are_not_kept() -> None:
    """Nothing more is answered, or read, until the peer has taken what there is."""

    async def pipelined() -> None:
        wire = Wire()
        connection = WebhookConnection(Inbox())
        connection.connection_made(wire)
        connection.pause_writing()
        connection.data_received(b"GET / HTTP/1.1\r\n\r\n" * 3)
        await asyncio.sleep(0.01)
        assert (wire.written, wire.reading) == (b"", False)
        connection.resume_writing()
        await asyncio.sleep(0.01)
        assert (wire.written.count(b" 404 "), wire.reading) == (3, True)

    asyncio.run(pipelined())


@pytest.fixture(scope="module")
def receiver() -> Iterator[Running]:
    with sidecar("alert_receiver") as running:
        yield running


def test_only_the_webhook_route_takes_notifications(receiver: Running) -> None:
    assert receiver.client.post_json("/webhook", notification()).status == 200
    assert receiver.client.post_json("/", notification()).status == 404
    assert receiver.client.get("/webhook").status == 405
    reply = receiver.ask("drain")
    assert [alert["status"] for alert in reply["alerts"]] == ["firing"]
    assert reply["rejected"] == 2


def test_a_source_is_the_secret_route_never_what_a_body_says(receiver: Running) -> None:
    receiver.ask("drain")
    forged = notification(source="alertmanager", receiver="alertmanager")
    assert receiver.client.post_json("/alertmanager/", forged).status == 404, "no token, no route"
    receiver.ask("expect", token="s3cret")
    assert receiver.client.post_json("/alertmanager/s3cre", forged).status == 404
    assert receiver.client.post_json("/alertmanager/s3cret", notification()).status == 200
    assert receiver.client.post_json("/webhook", forged).status == 200
    assert [alert["source"] for alert in receiver.ask("drain")["alerts"]] == ["alertmanager", "webhook"]


def test_the_words_of_an_alert_are_kept_in_one_capped_line(receiver: Running) -> None:
    receiver.ask("drain")
    wordy = notification()["alerts"][0] | {"annotations": {"summary": "amount moved", "odd": 5, "description": "x" * 1000}}
    receiver.client.post_json("/webhook", notification(alerts=[wordy]))
    text = receiver.ask("drain")["alerts"][0]["text"]
    assert text.startswith("amount moved x")
    assert len(text) == 300


def test_chunked_bodies_are_read(receiver: Running) -> None:
    receiver.ask("drain")
    body = json.dumps(notification()).encode()
    pieces = b"".join(f"{len(body[n : n + 7]):x}\r\n".encode() + body[n : n + 7] + b"\r\n" for n in range(0, len(body), 7)) + b"0\r\n\r\n"
    # The client sets no Content-Length when there is no body, so the framing can be put behind the head.
    with socket.create_connection((receiver.client.host, receiver.client.port), timeout=2) as connection:
        connection.sendall(b"POST /webhook HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + pieces)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert len(receiver.ask("drain")["alerts"]) == 1


@pytest.mark.parametrize(("length", "status"), [("99999999", b"413"), ("-1", b"400"), ("x", b"400")])
def test_absurd_lengths_are_refused_before_the_body(receiver: Running, length: str, status: bytes) -> None:
    with socket.create_connection((receiver.client.host, receiver.client.port), timeout=2) as connection:
        connection.sendall(f"POST /webhook HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        assert connection.recv(100).split()[1] == status


def test_draining_takes_in_pieces_and_in_order(receiver: Running) -> None:
    receiver.ask("drain")
    for _ in range(3):
        receiver.client.post_json("/webhook", notification(alerts=notification()["alerts"] * 2))
    first = receiver.ask("drain", limit=4)
    second = receiver.ask("drain", limit=4)
    assert (len(first["alerts"]), first["left"], len(second["alerts"]), second["left"]) == (4, 2, 2, 0)
    sequence = [alert["seq"] for alert in first["alerts"] + second["alerts"]]
    assert sequence == sorted(sequence)


def memory_mib(running: Running, what: str = "VmRSS") -> int:
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{running.process.pid}/status").read_text(), re.M)
    return int(cast(re.Match[str], found)[1]) >> 10


def connected(running: Running, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((running.client.host, running.client.port), timeout=2, source_address=(source, 0))


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_unfinished_bodies_fill_no_memory_and_the_largest_are_dropped(receiver: Running) -> None:
    """100 MiB from two sources, each below every cap of its own; a whole notification is taken meanwhile, and a small unfinished one lives on."""
    before, part = memory_mib(receiver), b"x" * (250 << 10)
    with ExitStack() as stack:
        small = stack.enter_context(connected(receiver, "127.0.0.3"))
        small.sendall(b"POST /webhook HTTP/1.1\r\nContent-Length: 1000\r\n\r\nx")
        for n in range(400):
            connection = stack.enter_context(connected(receiver, f"127.0.0.{1 + n % 2}"))
            with suppress(OSError):
                connection.sendall(b"POST /webhook HTTP/1.1\r\nContent-Length: 260000\r\n\r\n" + part)
        assert receiver.client.post_json("/webhook", notification()).status == 200
        assert memory_mib(receiver, "VmHWM") < before + 64
        assert is_open(small)
    assert len(receiver.ask("drain")["alerts"]) >= 1


def test_a_source_has_so_many_connections_and_others_are_served(receiver: Running) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(connected(receiver)) for _ in range(300)]
        receiver.ask("stats")
        time.sleep(0.1)
        assert not is_open(crowd[-1]) and is_open(crowd[0])
        with connected(receiver, "127.0.0.2") as other:
            other.sendall(b"GET /webhook HTTP/1.1\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 405")
    time.sleep(0.1)
    assert receiver.client.get("/webhook").status == 405
