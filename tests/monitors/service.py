"""A candidate on the standard library alone that carries one monitor of the zoo. `python3 -m monitors.service`, configured by environment:

MONITOR  a name in `LIVE`
LAYOUT   where the monitor sits: `inside` the serving process; behind two `workers` that share one port and one monitor; or `aside`, a
         process of its own that tails a file every half second
WINDOW   requests per drift window, for the whole service
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .scripts import ScriptMonitor, all_at_once, always
from .sound import NUMERIC, KsMonitor, Monitor, Reference
from .unsound import Never

WINDOW, TRAIN = int(os.environ.get("WINDOW", "500")), Path(__file__).with_name("train.csv")
GAUGES, SPOOL = Path("/tmp/gauges.json"), Path("/tmp/requests.jsonl")
TAIL_S = 0.5
DATAGRAM = 4096
"""A valid request is smaller."""

LIVE: dict[str, Callable[[], Monitor]] = {
    "sound": lambda: KsMonitor(Reference.read(TRAIN), WINDOW),
    "never": Never,
    "always": lambda: ScriptMonitor(always(NUMERIC)),
    "counter": lambda: ScriptMonitor(all_at_once(2 * WINDOW, 3 * WINDOW, WINDOW)),
    "uncorrected": lambda: KsMonitor(Reference.read(TRAIN), WINDOW, alpha=0.05, corrected=False),
}


class Watch:
    """Feeds the monitor and posts what it says from a thread of its own, in order, so that serving never waits for the webhook."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor, self.said = monitor, queue.Queue[tuple[str, str]]()
        threading.Thread(target=self._post, daemon=True).start()

    def see(self, request: Mapping[str, Any]) -> None:
        for said in self.monitor.observe(request, 0.0):
            self.said.put(said)

    def _post(self) -> None:
        while True:
            status, feature = self.said.get()
            alert = {"status": status, "labels": {"alertname": "DataDrift", "feature": feature}, "annotations": {}}
            body = json.dumps({"version": "4", "status": status, "alerts": [alert]}).encode()
            urllib.request.urlopen(urllib.request.Request(os.environ["ALERT_WEBHOOK_URL"], body, {"Content-Type": "application/json"})).close()

    def publish(self) -> None:
        """For processes that serve /metrics and do not watch; replaced whole, so that nobody reads half."""
        draft = GAUGES.with_suffix(".new")
        draft.write_text(json.dumps(self.monitor.gauges()))
        draft.replace(GAUGES)


class Server:
    """One serving process. `see` is told every request, `gauges` what /metrics shows."""

    def __init__(self, see: Callable[[dict[str, Any]], object], gauges: Callable[[], Mapping[str, float]]) -> None:
        self.see, self.gauges = see, gauges

    def answer(self, path: str, body: bytes) -> bytes:
        if path == "/metrics":
            lines = [f'fraud_drift_score{{feature="{name}"}} {value}\n' for name, value in self.gauges().items()]
            return ("# TYPE fraud_drift_score gauge\n" + "".join(lines)).encode()
        if path != "/predict":
            return b"{}"
        row = json.loads(body)
        self.see(row)
        score = min(0.9, 0.02 + row["amount"] / 5000)
        reply = {"transaction_id": row["transaction_id"], "score": score, "decision": "approve", "model_version": "1", "degraded": False}
        return json.dumps(reply).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").lower().split("\r\n")
                length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
                content = self.answer(lines[0].split(" ")[1], await reader.readexactly(length))
                close = b"Connection: close\r\n" if "connection: close" in lines else b""
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(content), close) + content)
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        writer.close()

    async def run(self, port: socket.socket) -> None:
        server = await asyncio.start_server(self.serve, sock=port)
        async with server:
            await server.serve_forever()


def published() -> Mapping[str, float]:
    return json.loads(GAUGES.read_text()) if GAUGES.exists() else {}


def inside(monitor: Monitor, port: socket.socket) -> None:
    watch = Watch(monitor)
    asyncio.run(Server(watch.see, monitor.gauges).run(port))


def workers(monitor: Monitor, port: socket.socket) -> None:
    """Two children serve; the parent watches what both tell it, so that a window counts the whole service's requests."""
    told, tell = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for _ in range(2):
        if os.fork() == 0:
            return asyncio.run(Server(lambda row: tell.send(json.dumps(row).encode()), published).run(port))
    watch = Watch(monitor)
    while True:
        watch.see(json.loads(told.recv(DATAGRAM)))
        watch.publish()


def aside(monitor: Monitor, port: socket.socket) -> None:
    """The child serves and writes lines; the parent tails them."""
    SPOOL.touch()
    if os.fork() == 0:
        spool = SPOOL.open("a", buffering=1)
        return asyncio.run(Server(lambda row: spool.write(json.dumps(row) + "\n"), published).run(port))
    watch = Watch(monitor)
    with SPOOL.open() as lines:
        while True:
            time.sleep(TAIL_S)  # the monitor's own pace
            for line in lines.readlines():
                watch.see(json.loads(line))
            watch.publish()


def main() -> None:
    port = socket.create_server(("0.0.0.0", int(os.environ["PORT"])), backlog=512)
    {"inside": inside, "workers": workers, "aside": aside}[os.environ["LAYOUT"]](LIVE[os.environ["MONITOR"]](), port)


if __name__ == "__main__":
    main()
