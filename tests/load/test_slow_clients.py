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
