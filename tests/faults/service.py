"""The prediction service that faults are tried on, good or bad by its environment. Runs in a container; standard library only.

INPUT       what becomes of wrong input. strict: a 4xx with a reason; polite: 200 with an error inside; fragile: 500 where JSON is nested
            deeply; mortal: the process ends there
DEADLINE_S  total deadline for the feature store; 0: waits for ever
DRAIN       1: SIGTERM ends it after the answers in flight; 0: at once
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
from typing import Any
from urllib.parse import quote, urlsplit

DEADLINE_S = float(os.environ.get("DEADLINE_S", "0.06")) or None
DRAIN = os.environ.get("DRAIN", "1") == "1"
STORE = urlsplit(os.environ["FEATURE_STORE_URL"])
NUMBERS = ("amount", "distance_km", "device_age_days", "minutes_since_last")
busy = 0


async def features(customer: str) -> dict[str, Any]:
    customer = quote(customer, "", errors="replace")
    reader, writer = await asyncio.open_connection(STORE.hostname, STORE.port)
    try:
        writer.write(f"GET /v1/customers/{customer}/features HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise OSError("no features")
        answer: dict[str, Any] = json.loads(body)
        return answer
    finally:
        writer.close()


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
    degraded, risk = False, 0.0
    try:
        store = await asyncio.wait_for(features(request["customer_id"]), DEADLINE_S)
        risk = 0.5 * store["chargebacks_90d"]
    except (OSError, ValueError, TimeoutError):
        degraded = True
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
        if length > 1 << 20:
            status, answer = 413, {"error": "too large"}
        else:
            body = await reader.readexactly(length)
            status, answer = await predict(body) if "/predict" in lines[0] else (200, {})
        keep = length <= 1 << 20 and not stopping.is_set()
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


async def main() -> None:
    global stopping
    stopping = asyncio.Event()
    server = await asyncio.start_server(connection, "0.0.0.0", int(os.environ["PORT"]), backlog=1024)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set if DRAIN else lambda: os._exit(0))
    await stopping.wait()
    server.close()
    while busy:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)


stopping: asyncio.Event

if __name__ == "__main__":
    asyncio.run(main())
