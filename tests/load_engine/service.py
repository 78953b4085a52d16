"""A prediction service whose way of scaling MODE chooses: one sound one, and one for each defect that the load checks name.

Work is burnt as CPU time of the thread, so that it is the same on every machine. Runs in a container; standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import queue
import re
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
SLOW_CLIENT_THREADS = 8


@dataclass(frozen=True)
class Manner:
    """`room` is how many requests may wait before one is refused, None for any number: what a good service holds is served well within the SLO."""

    cpu_s: float = 0.001
    room: int | None = 40
    blocks_s: float = 0.0
    threads: int = 0
    waits_s: float = 0.0
    locks: bool = False
    keeps: int = 0
    same_beyond: int | None = None
    blocking_reads: bool = False


MODES = {
    "good": Manner(),
    "blocking": Manner(cpu_s=0.0, room=None, blocks_s=0.02),
    "global_lock": Manner(cpu_s=0.0, room=None, threads=32, waits_s=0.015, locks=True),
    "few_workers": Manner(cpu_s=0.0, room=None, threads=4, waits_s=0.02),
    "leaks": Manner(keeps=10_486),
    "constant": Manner(same_beyond=0),
    "constant_under_load": Manner(same_beyond=50),
    "sheds": Manner(cpu_s=0.005, room=8),
    "queues_forever": Manner(cpu_s=0.005, room=None),
    "slow_client_victim": Manner(blocking_reads=True),
}
MANNER = MODES[os.environ.get("MODE", "good")]

kept: list[bytearray] = []
moments: deque[float] = deque()
lock = threading.Lock()


def predict(body: bytes, in_flight: int) -> tuple[int, dict[str, Any]]:
    try:
        request = json.loads(body)
        known = 4 - 0.3 * math.log1p(request["amount"]) - 0.01 * math.log1p(request["distance_km"] or 0)
    except (ValueError, TypeError, KeyError):
        return 422, {"error": "not a transaction"}
    burn(MANNER.cpu_s)
    time.sleep(MANNER.blocks_s)
    if MANNER.keeps:
        kept.append(bytearray(b"x") * MANNER.keeps)
    score = 0.1 if same_for_all(in_flight) else 1 / (1 + math.exp(known))
    return 200, {"transaction_id": request["transaction_id"], "score": score, "decision": "approve", "model_version": "1", "degraded": False}


def burn(cpu_s: float) -> None:
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        pass


def same_for_all(in_flight: int) -> bool:
    """More than so many in flight, or in the last second, and nobody's input is looked at any more."""
    if MANNER.same_beyond is None:
        return False
    now = time.monotonic()
    moments.append(now)
    while moments[0] < now - 1:
        moments.popleft()
    return max(in_flight, len(moments)) > MANNER.same_beyond


def answer(status: int, value: dict[str, Any], connection: str = "keep-alive") -> bytes:
    text = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: {connection}\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


class Connection(asyncio.Protocol):
    """Reads whatever has come without waiting for more; what is whole goes to the workers."""

    def __init__(self, workers: Workers) -> None:
        self.workers, self.buffer = workers, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, _, body = self.buffer.partition(b"\r\n\r\n")
        found = LENGTH.search(head)
        if b"\r\n\r\n" not in self.buffer or len(body) < int(found[1] if found else 0):
            return
        self.buffer = b""
        if head.startswith(b"POST /predict "):
            self.workers.take(self, body)
        else:
            self.reply(200 if head.split(b" ")[1] in (b"/healthz", b"/readyz") else 404, {})

    def reply(self, status: int, value: dict[str, Any]) -> None:
        self.transport.write(answer(status, value))


class Workers:
    """One coroutine that works requests off in their order, or so many threads."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Connection, bytes]] = deque()
        self.there_is_work = asyncio.Event()
        self.for_threads: queue.SimpleQueue[tuple[Connection, bytes]] = queue.SimpleQueue()
        self.loop = asyncio.get_running_loop()
        for _ in range(MANNER.threads):
            threading.Thread(target=self.wait_in_thread, daemon=True).start()

    def take(self, connection: Connection, body: bytes) -> None:
        if MANNER.room is not None and len(self.waiting) >= MANNER.room:
            connection.reply(503, {"error": "busy"})
        elif MANNER.threads:
            self.for_threads.put((connection, body))
        else:
            self.waiting.append((connection, body))
            self.there_is_work.set()

    async def work(self) -> None:
        while await self.there_is_work.wait():
            connection, body = self.waiting.popleft()
            connection.reply(*predict(body, len(self.waiting) + 1))
            if not self.waiting:
                self.there_is_work.clear()
            await asyncio.sleep(0)  # what has come meanwhile is counted, and refused, before the next one

    def wait_in_thread(self) -> None:
        while True:
            connection, body = self.for_threads.get()
            with lock if MANNER.locks else contextlib.nullcontext():
                time.sleep(MANNER.waits_s)
            self.loop.call_soon_threadsafe(connection.reply, *predict(body, 1))


async def main(port: int) -> None:
    workers = Workers()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(workers), "0.0.0.0", port, backlog=1024)
    async with server:
        await workers.work()


def read_blocking(port: int) -> None:
    """A thread belongs to a connection from its first byte to its last."""
    listener = socket.create_server(("0.0.0.0", port), backlog=1024)
    for _ in range(SLOW_CLIENT_THREADS):
        threading.Thread(target=serve_blocking, args=(listener,), daemon=True).start()
    threading.Event().wait()


def serve_blocking(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError, IndexError), connection.makefile("rb") as file:
            first, length = file.readline(), 0
            while line := file.readline().strip():
                found = LENGTH.match(line)
                length = int(found[1]) if found else length
            status, value = predict(file.read(length), 1) if first.startswith(b"POST /predict ") else (200, {})
            connection.sendall(answer(status, value, "close"))


if __name__ == "__main__":
    if MANNER.blocking_reads:
        read_blocking(int(os.environ["PORT"]))
    else:
        asyncio.run(main(int(os.environ["PORT"])))
