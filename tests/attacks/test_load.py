"""Attacks 39-48 before the load generator, which has a wire of its own: hundreds of connections at once, and memory for each stays small."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from load.servers import Handler, answer, read_request, serving
from load_engine.targets import HANDLERS, OK

from attacks.measured import LIMIT_MIB, memory
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Fields, Plan

FIELDS = Fields("transaction_id", "score", "degraded", "model_version")
RATE, SECONDS, TIMEOUT_S = 150, 2, 1.0

LARGEST = b"y" * (16 << 10)


def holding(said: bytes) -> Handler:
    """Says this much to everybody and then nothing more, so that all of it is held until the deadline."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(said)
        connection.recv(1)  # until the generator hangs up

    return handle


HELD: dict[str, Handler] = {
    "heads as long as they may be": holding(OK + b"X: " + LARGEST[:-100]),
    "bodies as long as they may be": holding(OK + b"Content-Length: 16384\r\n\r\n" + LARGEST[:-1]),
    "announced lengths": holding(OK + b"Content-Length: 16384\r\n\r\n"),
    "chunks that do not end": holding(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"3fff\r\n" + LARGEST[:-10]),
}


def polite(connection: socket.socket) -> None:
    while read_request(connection) is not None:
        connection.sendall(answer(b"{}"))


@pytest.fixture
def generator() -> Iterator[LoadGenerator]:
    with LoadGenerator(realtime=False) as generator:
        yield generator


def grown(generator: LoadGenerator, handler: Handler) -> tuple[float, int]:
    """MiB by which the sending process grew, after it had warmed up; and how many requests it sent."""

    def send(port: int, seconds: float) -> int:
        arrivals = schedule.constant(RATE, seconds)
        plan = Plan("127.0.0.1", port, "/predict", arrivals, [b"{}"], ["x"], timeout_s=TIMEOUT_S, fields=FIELDS)
        return len(generator.start(plan).wait())

    with serving(polite) as port:
        send(port, 0.5)
    status = f"{generator.pid}"
    before = memory("VmRSS", status)
    Path(f"/proc/{generator.pid}/clear_refs").write_text("5")
    with serving(handler) as port:
        sent = send(port, SECONDS)
    return (memory("VmHWM", status) - before) / (1 << 20), sent


@pytest.mark.parametrize("kind", [*HANDLERS, *HELD])
def test_a_hostile_service_does_not_fill_the_generator(
    kind: str, generator: LoadGenerator, record_property: Callable[[str, object], None]
) -> None:
    mib, sent = grown(generator, (HANDLERS | HELD)[kind])
    record_property("mib", mib)
    print(f"{kind}: +{mib:.1f} MiB, {sent} requests")
    assert sent == RATE * SECONDS
    assert mib <= LIMIT_MIB
