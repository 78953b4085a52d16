"""A candidate on the standard library alone, for the drift experiment on a real engine. MONITOR: sound, never or always.

The sound monitor takes its reference from the first REFERENCE requests, then compares the mean log distance of the last WINDOW ones.
"""

import asyncio
import json
import math
import os
import urllib.request
from collections import deque

WINDOW, REFERENCE, BAR = int(os.environ["WINDOW"]), int(os.environ["REFERENCE"]), 5.0
MONITOR, URL = os.environ["MONITOR"], os.environ["ALERT_WEBHOOK_URL"]
FEATURE = "distance_km"
reference: list[float] = []
recent: deque[float] = deque(maxlen=WINDOW)
state = {"firing": False, "gauge": 0.0, "told": False}


def post(status: str) -> None:
    alert = {"status": status, "labels": {"alertname": "DataDrift", "feature": FEATURE}, "annotations": {}}
    body = json.dumps({"version": "4", "status": status, "alerts": [alert]}).encode()
    urllib.request.urlopen(urllib.request.Request(URL, body, {"Content-Type": "application/json"}), timeout=2).close()


def see(value: float) -> None:
    if MONITOR == "always" and not state["told"]:
        state["told"] = True
        asyncio.get_running_loop().run_in_executor(None, post, "firing")
    if MONITOR != "sound":
        return
    if len(reference) < REFERENCE:
        reference.append(value)
        return
    recent.append(value)
    if len(recent) == WINDOW:
        mean = sum(reference) / len(reference)
        sd = math.sqrt(sum((x - mean) ** 2 for x in reference) / len(reference))
        state["gauge"] = abs(sum(recent) / WINDOW - mean) / (sd * math.sqrt(1 / WINDOW + 1 / REFERENCE))
        if (state["gauge"] > BAR) != state["firing"]:
            state["firing"] = not state["firing"]
            asyncio.get_running_loop().run_in_executor(None, post, "firing" if state["firing"] else "resolved")


def answer(path: str, body: bytes) -> bytes:
    if path == "/metrics":
        return f'# TYPE fraud_drift_score gauge\nfraud_drift_score{{feature="{FEATURE}"}} {state["gauge"]}\n'.encode()
    if path != "/predict":
        return b"{}"
    row = json.loads(body)
    see(math.log((row[FEATURE] or 0.0) + 0.01))
    score = 1 / (1 + math.exp(3 - math.log(row["amount"] + 1) / 3))
    reply = {"transaction_id": row["transaction_id"], "score": score, "decision": "approve", "model_version": "1", "degraded": False}
    return json.dumps(reply).encode()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
            content = answer(lines[0].split(" ")[1], await reader.readexactly(length))
            close = "connection: close" in lines
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(content), b"Connection: close\r\n" if close else b"") + content)
            if close:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ["PORT"]), backlog=512)
    async with server:
        await server.serve_forever()


asyncio.run(main())
