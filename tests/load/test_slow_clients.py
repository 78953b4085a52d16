"""Slow clients on loopback: they drip, they are cut, and they end with their window."""

from __future__ import annotations

import socket
import time

from harness.load.slow_clients import SlowClients

from .servers import always, answer, prediction, serving

BODY = b'{"transaction_id": "t"}'


def test_a_patient_service_keeps_them_all() -> None:
    with serving(always(lambda body: answer(prediction(body)))) as port, SlowClients("127.0.0.1", port, "/predict", [BODY] * 8, 0.02) as slow:
        time.sleep(0.5)
    assert (slow.seen.connections, slow.seen.opened, slow.seen.cut_by_service, slow.seen.first_cut_s) == (8, 8, 0, None)


def test_a_service_that_cuts_them_is_seen_to_and_when() -> None:
    def impatient(connection: socket.socket) -> None:
        time.sleep(0.2)
        connection.sendall(answer(b"{}", "408 Request Timeout"))

    with serving(impatient) as port, SlowClients("127.0.0.1", port, "/predict", [BODY] * 4, 0.02) as slow:
        time.sleep(0.8)
    assert slow.seen.cut_by_service == 4
    assert slow.seen.first_cut_s is not None and 0.1 < slow.seen.first_cut_s < 0.7


def test_nobody_there_is_counted_and_nothing_waits() -> None:
    begin = time.monotonic()
    with SlowClients("127.0.0.1", 1, "/predict", [BODY] * 4, 0.02) as slow:
        time.sleep(0.2)
    assert slow.seen.cut_by_service == 4
    assert time.monotonic() - begin < 2


def test_every_second_one_sends_its_headers_at_once_and_drips_its_body() -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        connection.settimeout(0.4)
        data = b""
        try:
            while piece := connection.recv(4096):
                data += piece
        except TimeoutError:
            pass
        heard.append(data)

    with serving(listen) as port, SlowClients("127.0.0.1", port, "/predict", [BODY] * 6, 0.05) as slow:
        time.sleep(0.6)
    deadline = time.monotonic() + 2
    while len(heard) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    whole = [data for data in heard if b"\r\n\r\n" in data]
    assert len(heard) == 6 and len(whole) == 3 == slow.seen.in_body
    assert all(0 < len(data.split(b"\r\n\r\n")[1]) < len(BODY) for data in whole)
    assert all(len(data) < 20 for data in heard if data not in whole)
