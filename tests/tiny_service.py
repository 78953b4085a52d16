"""A small prediction service on asyncio, with a drift monitor to choose: what the experiments are tried on without an engine."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from challenges.simulator import Row
from harness.client import Client

Answer = tuple[int, str, bytes]
Route = Callable[[bytes], Answer]
JSON, TEXT = "application/json", "text/plain; version=0.0.4"


@dataclass(frozen=True)
class SentAlert:
    name: str
    status: str
    labels: Mapping[str, str]
    at_monotonic: float
    source: str = "webhook"
    text: str = ""


@dataclass
class Inbox:
    """An alert receiver and a feature store in memory."""

    waiting: list[SentAlert] = field(default_factory=list)
    rejected: int = 0
    loaded: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def post(self, feature: str, status: str) -> None:
        self.waiting.append(SentAlert("DataDrift", status, {"feature": feature}, time.monotonic()))

    def drain(self) -> list[SentAlert]:
        taken, self.waiting = self.waiting, []
        return taken

    def load(self, features: Mapping[str, Mapping[str, object]]) -> None:
        self.loaded.update(features)


class Monitor:
    """A sound monitor: per feature a z-test of the mean log value and of the share of nulls over the last `window` requests."""

    def __init__(self, reference: Sequence[Row], features: Sequence[str], window: int, inbox: Inbox, bar: float = 5.0) -> None:
        self.inbox, self.bar, self.window = inbox, bar, window
        self.recent: deque[Mapping[str, Any]] = deque(maxlen=window)
        self.moments = {name: _moments([row.request for row in reference], name) for name in features}
        self.gauges = dict.fromkeys(features, 0.0)
        self.firing: set[str] = set()
        self.seen = 0

    def see(self, request: Mapping[str, Any]) -> None:
        self.recent.append(request)
        self.seen += 1
        if self.seen % 50 == 0 and len(self.recent) == self.window:
            for name in self.gauges:
                self._judge(name)

    def _judge(self, name: str) -> None:
        (mean, sd, nulls), (now, _, nulls_now) = self.moments[name], _moments(self.recent, name)
        z = abs(now - mean) / (sd / math.sqrt(self.window))
        z_null = abs(nulls_now - nulls) / math.sqrt((nulls * (1 - nulls) + 1e-4) / self.window)
        self.gauges[name] = max(z, z_null)
        if (self.gauges[name] > self.bar) != (name in self.firing):
            self.inbox.post(name, "resolved" if name in self.firing else "firing")
            self.firing ^= {name}


class SilentMonitor:
    """Never says anything, or (`fires`) once at the start and for ever."""

    def __init__(self, inbox: Inbox, feature: str, fires: bool) -> None:
        self.gauges = {feature: 0.5}
        self.inbox, self.feature, self.fires = inbox, feature, fires

    def see(self, request: Mapping[str, Any]) -> None:
        if self.fires:
            self.inbox.post(self.feature, "firing")
            self.fires = False


def _moments(requests: Sequence[Mapping[str, Any]] | deque[Mapping[str, Any]], name: str) -> tuple[float, float, float]:
    values = [math.log(request[name] + 0.01) for request in requests if request[name] is not None]
    mean = sum(values) / max(1, len(values))
    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1))
    return mean, sd, 1 - len(values) / len(requests)


class TinyService:
    """Serves on a port of its own in a thread. `routes` maps (method, path) to a function of the body; change it at will."""

    def __init__(self, score: Callable[[Mapping[str, Any]], float], monitor: Monitor | SilentMonitor | None = None) -> None:
        self.score, self.monitor = score, monitor
        self.requests = 0
        self.rejected = 0
        self.heads: list[tuple[object, str]] = []
        """Connection and head of every request."""
        self.routes: dict[tuple[str, str], Route] = {
            ("POST", "/predict"): self.predict,
            ("GET", "/healthz"): lambda _: (200, JSON, b"{}"),
            ("GET", "/readyz"): lambda _: (200, JSON, b"{}"),
            ("GET", "/version"): lambda _: (200, JSON, b'{"model_version": "1"}'),
            ("POST", "/feedback"): lambda _: (202, JSON, b"{}"),
            ("GET", "/metrics"): lambda _: (200, TEXT, self.metrics().encode()),
        }

    def predict(self, body: bytes) -> Answer:
        try:
            request = json.loads(body)
            score = self.score(request)
            request["amount"] + (request["distance_km"] or 0) + (request["device_age_days"] or 0) + (request["minutes_since_last"] or 0)
        except (ValueError, TypeError, KeyError):
            self.rejected += 1
            return 422, JSON, b'{"error": "bad"}'
        self.requests += 1
        if self.monitor:
            self.monitor.see(request)
        answer = {"transaction_id": request["transaction_id"], "score": score, "decision": "approve", "model_version": "1", "degraded": False}
        return 200, JSON, json.dumps(answer).encode()

    def metrics(self) -> str:
        drift = "".join(f'drift_score{{feature="{name}"}} {value}\n' for name, value in (self.monitor.gauges if self.monitor else {}).items())
        return (
            "# TYPE fraud_requests_total counter\n"
            f'fraud_requests_total{{status="200"}} {self.requests}\nfraud_requests_total{{status="422"}} {self.rejected}\n'
            f"# TYPE process_open_fds gauge\nprocess_open_fds 7\n# TYPE drift_score gauge\n{drift}"
        )

    def __enter__(self) -> TinyService:
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0))
        self.client = Client("127.0.0.1", self._server.sockets[0].getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Connection(asyncio.Protocol):
    def __init__(self, service: TinyService) -> None:
        self.service, self.buffer = service, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, rest = self.buffer.split(b"\r\n\r\n", 1)
            self.service.heads.append((self, head.decode("latin-1")))
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            method, path, _ = lines[0].split(" ")
            self._answer(method, path, rest[:length], headers.get("connection", "") != "close")

    def _answer(self, method: str, path: str, body: bytes, keep: bool) -> None:
        route = self.service.routes.get((method, path))
        known = any(path == other for _, other in self.service.routes)
        status, kind, content = route(body) if route else (405 if known else 404, JSON, b'{"error": "no"}')
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n" + ("" if keep else "Connection: close\r\n")
        self.transport.write(head.encode() + b"\r\n" + content)
        if not keep:
            self.transport.close()
