"""Which notifications the receiver takes, and that nothing a submission sends can fill or stop it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from harness.sidecars.alert_receiver import MAX_ALERTS, Inbox, problem

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
