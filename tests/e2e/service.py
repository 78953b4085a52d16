"""A whole small submission on the standard library alone: predicts from the amount and the feature store, sheds, degrades, drains.

MODE: good; exits, hangs, not_http, answers_nothing (200 {} everywhere), crashes (ends for good in its CRASH_AFTER-th prediction).
"""

import asyncio
import json
import math
import os
import signal
import sys
import time
from urllib.parse import urlsplit

MODE = os.environ.get("MODE", "good")
CRASH_AFTER = 250
TEXTS = ("transaction_id", "customer_id", "merchant_id", "timestamp", "currency", "cardholder_name")
NUMBERS = ("amount", "distance_km", "device_age_days", "minutes_since_last")
STORE = urlsplit(os.environ["FEATURE_STORE_URL"])
AT_ONCE = 48
"""Predictions in flight; the rest is refused at once. Without a bound an overload makes everybody late for the store, and all are fallbacks."""
RETRY = (b"", b"Retry-After: 1\r\n")
count = busy = 0


async def risk(customer: str) -> float:
    reader, writer = await asyncio.open_connection(STORE.hostname, STORE.port)
    try:
        writer.write(f"GET /v1/customers/{customer}/features HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise OSError("no features")
        return 0.5 * json.loads(body)["chargebacks_90d"]
    finally:
        writer.close()


def valid(request: object) -> bool:
    if not isinstance(request, dict) or not all(isinstance(request.get(name), str) and 0 < len(request[name]) <= 64 for name in TEXTS):
        return False
    values = [request.get(name, "") for name in NUMBERS]
    return values[0] is not None and all(v is None or (type(v) in (int, float) and 0 <= v < 1e7) for v in values)


async def predict(body: bytes) -> tuple[int, object]:
    global count, busy
    count += 1
    if MODE == "crashes" and count > CRASH_AFTER:
        os._exit(0)  # not restarted: the policy restarts what fails
    if busy >= AT_ONCE:
        return 503, {"error": "too many at once"}
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return 400, {"error": "not JSON"}
    if not valid(request):
        return 422, {"error": "not a transaction"}
    degraded, extra = False, 0.0
    busy += 1
    try:
        extra = await asyncio.wait_for(risk(request["customer_id"]), 0.12)
    except (OSError, ValueError, KeyError, TimeoutError):
        degraded = True
    finally:
        busy -= 1
    score = 1 / (1 + math.exp(4 - 0.3 * math.log1p(request["amount"]) - extra))
    answer = {"transaction_id": request["transaction_id"], "score": score, "decision": "review" if score > 0.5 else "approve"}
    return 200, answer | {"model_version": "1", "degraded": degraded}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), 0)
            if length > 1 << 20:
                status, answer = 413, {"error": "too large"}
            else:
                body = await reader.readexactly(length)
                status, answer = await predict(body) if "/predict" in lines[0] and MODE != "answers_nothing" else (200, {})
            text = json.dumps(answer).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, RETRY[status == 503], len(text), text)
            )
            await writer.drain()
            if length > 1 << 20:
                return
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def not_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-nope\r\n")
    writer.close()


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(not_http if MODE == "not_http" else serve, "0.0.0.0", int(os.environ["PORT"]), backlog=1024)
    await stop.wait()
    server.close()
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    print("starting in mode", MODE, flush=True)
    if MODE == "exits":
        sys.exit("no model here")
    if MODE == "hangs":
        time.sleep(3600)
    asyncio.run(main())
