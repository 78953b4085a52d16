"""A slow service, whose windows are bad, that does what TRICK says so that they should not count: it loads what is not accounted to it.

Tricks that only need CPU time run in processes of their own beside it; others are in the way it answers. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

TRICK = os.environ.get("TRICK", "none")
SLOW_S = 0.3
CLOCK_MONOTONIC_COARSE = 6
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
LIMIT = 16_384
"""The longest answer that the load generator reads."""


# ---- beside the service


def flood_the_log() -> None:
    line = "x" * 199
    while True:
        print(line)


def burn() -> None:
    while True:
        pass


def spawn_and_end() -> None:
    while True:
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)


def hammer(host: str, port: int, request: bytes, at_once: int = 64) -> None:
    """Pipelined requests as fast as they are taken; answers are thrown away."""
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, port), 2) as connection:
            connection.settimeout(0.05)
            while True:
                with contextlib.suppress(TimeoutError):
                    connection.sendall(request * at_once)
                    connection.recv(1 << 20)


def hammer_store() -> None:
    store = urlsplit(os.environ["FEATURE_STORE_URL"])
    hammer(str(store.hostname), store.port or 80, b"GET /v1/customers/nobody/features HTTP/1.1\r\nHost: s\r\n\r\n")


def hammer_alerts() -> None:
    """Valid notifications as large as they may be, which a receiver has to keep."""
    address = urlsplit(os.environ["ALERT_WEBHOOK_URL"])
    labels = {"alertname": "Noise"} | {f"label{i}": "x" * 1000 for i in range(60)}
    body = json.dumps({"version": "4", "status": "firing", "alerts": [{"status": "firing", "labels": labels}] * 4}).encode()
    head = f"POST {address.path} HTTP/1.1\r\nHost: s\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    hammer(str(address.hostname), address.port or 80, head + body, at_once=1)


def hammer_control() -> None:
    """The control server has no name, but its address is easily guessed from one's own. What it was sent before a reading it works off in it."""
    own = socket.gethostbyname(socket.gethostname())
    request = b"POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 2\r\n\r\n{}"
    with selectors.DefaultSelector() as all_of_them:
        for _ in range(300):
            with contextlib.suppress(OSError):
                connection = socket.create_connection((f"{own.rpartition('.')[0]}.12", 8080), 2)
                connection.setblocking(False)
                connection.send(request * 800)
                all_of_them.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in all_of_them.select(1):
                assert isinstance(key.fileobj, socket.socket)
                with contextlib.suppress(OSError):
                    key.fileobj.send(request * (key.fileobj.recv(1 << 20).count(b"HTTP/1.1")))


def ask_for_names() -> None:
    """The engine itself answers its containers' name server. One question at a time: who waits leaves the core to whom it waits for."""
    question = b"\x0dfeature-store\0\0\x01\0\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect(("127.0.0.11", 53))
        asker.settimeout(0.1)
        number = 0
        while True:
            number = (number + 1) & 0xFFFF
            with contextlib.suppress(OSError):
                asker.send(struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + question)
                asker.recv(512)


def write_files() -> None:
    block = os.urandom(1 << 20)
    while True:
        for path, size in (("/tmp/noise", 48), ("/data/noise", 160)):
            with contextlib.suppress(OSError), open(path, "wb") as file:  # noqa: PTH123
                for _ in range(size):
                    file.write(block)
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108


def take_and_free_memory() -> None:
    while True:
        taken = [bytearray(1 << 20) for _ in range(150)]
        del taken


def sync_the_disks() -> None:
    while True:
        os.sync()


def flood_the_gateway() -> None:
    own = socket.gethostbyname(socket.gethostname())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((f"{own.rpartition('.')[0]}.1", 9))
        while True:
            with contextlib.suppress(OSError):
                sender.send(b"x" * 1400)


def sit_under_the_tick() -> None:
    """Busy whenever the kernel's clock ticks, idle in between: where accounting samples at ticks, a tenth of a core looks like a whole one."""
    while True:
        now = time.clock_gettime(CLOCK_MONOTONIC_COARSE)
        while (after := time.clock_gettime(CLOCK_MONOTONIC_COARSE)) == now:
            pass
        time.sleep(max(0.0, min(0.01, after - now) - 0.0003))


def open_flows() -> None:
    """One datagram to each of many ports of the feature store."""
    store = socket.gethostbyname(str(urlsplit(os.environ["FEATURE_STORE_URL"]).hostname))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for port in range(1024, 1024 + int(os.environ.get("FLOWS", "100"))):
            with contextlib.suppress(OSError):
                sender.sendto(b"x", (store, port))
    time.sleep(3600)


def hold_descriptors() -> None:
    with contextlib.suppress(OSError):
        while True:
            os.dup(0)
    time.sleep(3600)


BESIDE: dict[str, tuple[Callable[[], object], int]] = {
    "log": (flood_the_log, 1), "busy_children": (burn, 8), "short_lived_children": (spawn_and_end, 2), "store": (hammer_store, 4),
    "alerts": (hammer_alerts, 2), "control": (hammer_control, 1), "names": (ask_for_names, 2), "files": (write_files, 1),
    "memory": (take_and_free_memory, 1), "sync": (sync_the_disks, 4), "gateway": (flood_the_gateway, 2), "descriptors": (hold_descriptors, 60),
    "flows": (open_flows, 1), "tick": (sit_under_the_tick, 1),
}  # fmt: skip
"""What runs beside the service, and in how many processes."""


# ---- in the answers


def prediction(body: bytes, **more: Any) -> bytes:
    request = json.loads(body)
    score = 1 / (1 + math.exp(4 - 0.3 * math.log1p(request["amount"])))
    known = {"transaction_id": request["transaction_id"], "score": score, "decision": "approve", "model_version": "1", "degraded": False}
    return json.dumps({**known, **more}).encode()


def whole(text: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


def dripped(body: bytes) -> Iterator[bytes]:
    for byte in b"".join(whole(prediction(body))):
        yield bytes([byte])


def dripped_chunks(body: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for byte in prediction(body):
        yield b"1\r\n%c\r\n" % byte
    yield b"0\r\n\r\n"


def tiny_chunks(body: bytes) -> Iterator[bytes]:
    """A valid answer, sent at once, in as many chunks as it has bytes."""
    text = prediction(body).ljust(LIMIT)
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % byte for byte in text) + b"0\r\n\r\n"


def long_chunk_lines(body: bytes) -> Iterator[bytes]:
    """Megabytes of chunk extensions around a valid answer."""
    text = prediction(body)
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for start in range(0, len(text), 8):
        piece = text[start : start + 8]
        yield b"%x;%b\r\n%b\r\n" % (len(piece), b"x" * 60_000, piece)
    yield b"0\r\n\r\n"


def long_answer(body: bytes) -> Iterator[bytes]:
    yield from whole(prediction(body, padding="x" * (1 << 20)))


def deep_answer(body: bytes) -> Iterator[bytes]:
    room = LIMIT - 400
    yield from whole(prediction(body)[:-1] + b', "deep": ' + b"[" * (room // 2) + b"]" * (room // 2) + b"}")


def wide_answer(body: bytes) -> Iterator[bytes]:
    yield from whole(prediction(body, wide=[0.1] * ((LIMIT - 400) // 5)))


def endless_string(body: bytes) -> Iterator[bytes]:
    yield from whole(prediction(body)[:-1] + b', "note": "' + b'\\"' * ((LIMIT - 400) // 2))


def many_headers(body: bytes) -> Iterator[bytes]:
    text = prediction(body)
    yield b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 4000 + b"Content-Length: %d\r\n\r\n%b" % (len(text), text)


def close_yourself(body: bytes) -> Iterator[bytes]:
    """Who closes a connection first keeps its port for a minute."""
    text = prediction(body)
    yield b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


def never(_: bytes) -> Iterator[bytes]:
    while True:
        yield b""


def closed(_: bytes) -> Iterator[bytes]:
    return iter(())


ANSWERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "drips": dripped, "drips_chunks": dripped_chunks, "tiny_chunks": tiny_chunks, "long_chunk_lines": long_chunk_lines, "long": long_answer,
    "deep": deep_answer, "wide": wide_answer, "endless_string": endless_string, "many_headers": many_headers, "hangs": never, "closes": closed,
    "resets": closed, "close_yourself": close_yourself,
}  # fmt: skip
AT_ONCE = ("closes", "resets", "close_yourself")


async def predict(body: bytes, writer: asyncio.StreamWriter) -> None:
    if TRICK not in AT_ONCE:
        await asyncio.sleep(SLOW_S)
    pieces = ANSWERS[TRICK](body) if TRICK in ANSWERS else whole(prediction(body))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05 if not piece else 0)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            found = LENGTH.search(head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            if not head.startswith(b"POST /predict "):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                continue
            await predict(body, writer)
            if TRICK in ("closes", "resets"):
                break
    except (OSError, ValueError, asyncio.IncompleteReadError):
        pass
    finally:
        if TRICK == "resets":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ["PORT"]), backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    beside, processes = BESIDE.get(TRICK, (main, 0))
    for _ in range(processes):
        if os.fork() == 0:
            beside()
    time.sleep(1.0 if processes else 0.0)  # its children are at work before it answers
    asyncio.run(main())
