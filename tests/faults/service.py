"""The prediction service that faults are tried on, good or bad by its environment. Runs in a container; standard library only.

INPUT       what becomes of wrong input. strict: a 4xx with a reason; polite: 200 with an error inside; fragile: 500 where JSON is nested
            deeply; mortal: the process ends there
DEADLINE_S  total deadline for the feature store; 0: waits for ever
DRAIN       1: SIGTERM ends it after the answers in flight; 0: at once; deaf: as PID 1 it never hears of it
WORKERS     processes that serve; from two on their parent only watches them, and starts new ones where RESPAWN is 1
BODY_LIMIT  1: refuses bodies over 1 MiB unread; 0: reads them whole
SCRATCH     1: writes each request to /tmp first
LEAK        1: forgets connections to the feature store that it gave up
WORK_S      CPU seconds per prediction
START_S     seconds until it listens
HEARTBEAT   1: ends as soon as the store cannot be reached, to be started again
WATCHDOG    1: ends when it stood still for more than a second, to be started again, as servers with a timeout for their workers do
IN_FLIGHT   requests beyond so many at once are answered 503; 0: no limit
FALLBACK    1: without features it scores the request alone, flagged; 0: it answers 500
CHECKS      1: takes only whole, finite features of at most 64 KiB; 0: whatever the store says
TOKEN       1: it reads the store's token anew for every call; 0: once, at its start
RETRIES     how often it asks the store again at once
USES        the features that its score depends on, and LOOKS_AT: those of them that it misses when they are not there
CALLS       how many times it asks the store for one prediction, each on a connection of its own
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

DEADLINE_S = float(os.environ.get("DEADLINE_S", "0.06")) or None
DRAIN = os.environ.get("DRAIN", "1")
WORKERS, RESPAWN = int(os.environ.get("WORKERS", "1")), os.environ.get("RESPAWN", "1") == "1"
BODY_LIMIT = 1 << 20 if os.environ.get("BODY_LIMIT", "1") == "1" else 1 << 40
SCRATCH, LEAK = os.environ.get("SCRATCH") == "1", os.environ.get("LEAK") == "1"
HEARTBEAT, WATCHDOG = os.environ.get("HEARTBEAT") == "1", os.environ.get("WATCHDOG") == "1"
START_S = float(os.environ.get("START_S", "0"))
WORK_S, IN_FLIGHT = float(os.environ.get("WORK_S", "0")), int(os.environ.get("IN_FLIGHT", "0"))
FALLBACK = os.environ.get("FALLBACK", "1") == "1"
CHECKS = os.environ.get("CHECKS", "1") == "1"
RETRIES, CALLS = int(os.environ.get("RETRIES", "0")), int(os.environ.get("CALLS", "1"))
TOKEN_FILE = Path(os.environ["FEATURE_STORE_TOKEN_FILE"])
FIRST_TOKEN = TOKEN_FILE.read_text()
FRESH_TOKEN = os.environ.get("TOKEN", "1") == "1"
STORE = urlsplit(os.environ["FEATURE_STORE_URL"])
RISK = {"avg_amount_30d": 1e-4, "tx_count_24h": 1e-2, "chargebacks_90d": 0.5, "account_age_days": -1e-4}
USES = os.environ.get("USES", ",".join(RISK)).split(",")
LOOKS_AT = os.environ.get("LOOKS_AT", ",".join(USES)).split(",")
LARGEST = 1 << 16
NUMBERS = ("amount", "distance_km", "device_age_days", "minutes_since_last")
busy = 0
forgotten: list[asyncio.StreamWriter] = []


async def features(customer: str) -> dict[str, Any]:
    customer = quote(customer, "", errors="replace")
    reader, writer = await asyncio.open_connection(STORE.hostname, STORE.port)
    try:
        token = TOKEN_FILE.read_text() if FRESH_TOKEN else FIRST_TOKEN
        head = f"Host: store\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(f"GET /v1/customers/{customer}/features HTTP/1.1\r\n{head}".encode())
        first, _, body = (await everything(reader)).partition(b"\r\n\r\n")
        if b" 200 " not in first.split(b"\r\n")[0]:
            raise OSError("no features")
        answer: dict[str, Any] = json.loads(body)
        if CHECKS and not all(math.isfinite(answer.get(name, math.nan)) for name in LOOKS_AT):
            raise ValueError("not all features")
        return answer
    except asyncio.CancelledError:
        if LEAK:
            forgotten.append(writer)
        raise
    finally:
        if writer not in forgotten:
            writer.close()


async def everything(reader: asyncio.StreamReader) -> bytes:
    data = bytearray()
    while piece := await reader.read(LARGEST):
        data += piece
        if CHECKS and len(data) > LARGEST:
            raise ValueError("too large")
    return bytes(data)


async def persistent(customer: str) -> dict[str, Any]:
    for _ in range(CALLS - 1):
        await features(customer)
    for _ in range(RETRIES):
        try:
            return await features(customer)
        except (OSError, ValueError):
            continue
    return await features(customer)


def valid(request: Any) -> bool:
    if not isinstance(request, dict):
        return False
    texts = ((request.get(name), limits) for name, limits in TEXTS.items())
    return all(isinstance(text, str) and low <= len(text) <= high for text, (low, high) in texts) and all(number(request, n) for n in NUMBERS)


INPUT = os.environ.get("INPUT", "strict")
TEXTS = {
    "transaction_id": (1, 64), "customer_id": (1, 64), "merchant_id": (1, 64), "timestamp": (20, 40), "currency": (3, 3), "country": (2, 2),
    "merchant_category": (1, 32), "channel": (1, 32), "cardholder_name": (1, 128),
}  # fmt: skip
LARGEST_NUMBERS = {"distance_km": 5e4, "device_age_days": 2e4}


def number(request: dict[str, Any], name: str) -> bool:
    value = request.get(name, "missing")
    if value is None:
        return name != "amount"
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST_NUMBERS.get(name, 1e7)


async def predict(body: bytes) -> tuple[int, dict[str, Any]]:
    try:
        request = json.loads(body.decode())
    except RecursionError:
        if INPUT == "mortal":
            os._exit(0)
        return 500 if INPUT == "fragile" else 400, {"error": "nested too deeply"}
    except ValueError:
        return 400, {"error": "not JSON"}
    if not valid(request):
        return 422, {"error": "not a transaction"}
    if SCRATCH:
        try:
            with tempfile.TemporaryFile(dir="/tmp") as file:
                file.write(body)
        except OSError:
            return 500, {"error": "no scratch space"}
    degraded, risk = False, 0.0
    try:
        store = await asyncio.wait_for(persistent(request["customer_id"]), DEADLINE_S)
        risk = sum(RISK[name] * store.get(name, 0.0) for name in USES)
    except (OSError, ValueError, TimeoutError):
        if not FALLBACK:
            return 500, {"error": "no features"}
        degraded = True
    until = time.perf_counter() + WORK_S
    while time.perf_counter() < until:
        pass
    score = 1 / (1 + math.exp(4 - 0.3 * math.log1p(request["amount"]) - risk))
    return 200, {
        "transaction_id": request["transaction_id"], "score": score, "decision": "approve", "model_version": "1", "degraded": degraded,
    }  # fmt: skip


async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request; False at the end of the connection."""
    global busy
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), 0)
    busy += 1
    try:
        if length > BODY_LIMIT:
            status, answer = 413, {"error": "too large"}
        else:
            body = await reader.readexactly(length)
            full = IN_FLIGHT and busy > IN_FLIGHT
            status, answer = (200, {}) if "/predict" not in lines[0] else (503, {"error": "busy"}) if full else await predict(body)
        keep = length <= BODY_LIMIT and not stopping.is_set()
        text = json.dumps(answer).encode()
        connection = "keep-alive" if keep else "close"
        status = 200 if INPUT == "polite" else status
        writer.write(b"HTTP/1.1 %d X\r\nConnection: %b\r\nContent-Length: %d\r\n\r\n%b" % (status, connection.encode(), len(text), text))
        await writer.drain()
        return keep
    finally:
        busy -= 1


async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await one(reader, writer):
            pass
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def heartbeat() -> None:
    while True:
        await asyncio.sleep(0.3)
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(STORE.hostname, STORE.port), 0.7)
        except (OSError, TimeoutError):
            os._exit(1)
        writer.close()


async def watchdog() -> None:
    while True:
        at = time.monotonic()
        await asyncio.sleep(0.3)
        if time.monotonic() - at > 1.3:
            os._exit(1)


async def main(listener: socket.socket) -> None:
    global stopping
    stopping = asyncio.Event()
    watching = [asyncio.create_task(task()) for task, wanted in ((heartbeat, HEARTBEAT), (watchdog, WATCHDOG)) if wanted]
    server = await asyncio.start_server(connection, sock=listener)
    if DRAIN != "deaf":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set if DRAIN == "1" else lambda: os._exit(0))
    await stopping.wait()
    server.close()
    while busy:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    for task in watching:
        task.cancel()


def watch(listener: socket.socket) -> None:
    """Keep the workers alive; never returns."""
    for _ in range(WORKERS):
        fork(listener)
    while True:
        os.wait()
        if RESPAWN:
            fork(listener)


def fork(listener: socket.socket) -> None:
    if os.fork() == 0:
        asyncio.run(main(listener))
        os._exit(0)


stopping: asyncio.Event

if __name__ == "__main__":
    time.sleep(START_S)
    shared = socket.create_server(("0.0.0.0", int(os.environ["PORT"])), backlog=1024)
    if WORKERS > 1:
        watch(shared)
    asyncio.run(main(shared))
