"""A prediction service whose metrics and logs tell the truth, or one lie that POST /lie chooses. Standard library only; runs in a container.

Whatever it counts begins at nothing with each choice. WAIT_S lies between the request and its answer, so that a lie about it shows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import re
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
WAIT_S, MODEL_S = 0.025, 0.002
VERSION = "2026-01"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
MODEL = Path(os.environ["MODEL_PATH"])
WORKERS = 4


@dataclass
class Histogram:
    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=lambda: [0] * 16)
    total: float = 0.0
    count: int = 0

    def observe(self, value: float) -> None:
        self.total, self.count = self.total + value, self.count + 1
        for i, bound in enumerate(self.bounds):
            self.counts[i] += value <= bound

    def text(self, name: str, lie: str = "") -> str:
        if lie == "summary":
            return f"# TYPE {name} summary\n{name}_sum {self.total}\n{name}_count {self.count}\n"
        counts = list(reversed(self.counts[: len(self.bounds)])) if lie == "falling_buckets" else self.counts
        lines = "".join(f'{name}_bucket{{le="{bound}"}} {counts[i]}\n' for i, bound in enumerate(self.bounds))
        last = self.count + 3 if lie == "inf_mismatch" else self.count
        return f'# TYPE {name} histogram\n{lines}{name}_bucket{{le="+Inf"}} {last}\n{name}_sum {self.total}\n{name}_count {self.count}\n'


@dataclass
class Worker:
    """What one process knows."""

    latency: Histogram
    score: Histogram
    statuses: dict[int, int] = field(default_factory=lambda: {200: 0, 422: 0})
    seen: dict[str, int] = field(default_factory=dict)


class Service:
    def __init__(self, lie: str = "") -> None:
        self.lie, self.requests, self.scrapes, self.in_flight, self.gauge = lie, 0, 0, 0, 9
        bounds = (5.0, 10.0) if lie == "one_bucket" else BOUNDS
        self.workers = [Worker(Histogram(bounds), Histogram(SCORES)) for _ in range(WORKERS if lie == "worker_share" else 1)]

    async def predict(self, body: bytes) -> tuple[int, dict[str, object]]:
        begin = time.perf_counter()
        worker = self.workers[self.requests % len(self.workers)]
        self.requests += 1
        await asyncio.sleep(WAIT_S)
        status, answer = self.answer(body)
        seconds = time.perf_counter() - begin
        if not (self.lie == "successes_only" and status != 200):
            worker.statuses[200 if self.lie == "errors_as_successes" else status] += 2 if self.lie == "twice" else 1
        if status == 200:
            self.observe(worker, seconds, float(str(answer["score"])), str(answer["transaction_id"]))
        else:
            self.refused(answer)
        return status, answer

    def answer(self, body: bytes) -> tuple[int, dict[str, object]]:
        try:
            request = json.loads(body)
            known = 6 - 1.2 * math.log1p(request["amount"]) - 0.1 * math.log1p(request["distance_km"] or 0)
            [request[name] + 0 for name in ("device_age_days", "minutes_since_last") if request[name] is not None]
        except (ValueError, TypeError, KeyError) as error:
            return 422, {"error": f"no transaction: {type(error).__name__}"}
        score = 1 / (1 + math.exp(known))
        named = {"transaction_id": request["transaction_id"], "model_version": VERSION}
        return 200, named | {"score": score, "decision": "approve", "degraded": False}

    def observe(self, worker: Worker, seconds: float, score: float, id: str) -> None:
        unit = {"milliseconds": 1e3, "microseconds": 1e6}.get(self.lie, 1)
        for _ in range(2 if self.lie == "observed_twice" else 1):
            worker.latency.observe((MODEL_S if self.lie == "model_only" else seconds) * unit)
        told = {"score_off": score * 0.5, "score_constant": 0.05}.get(self.lie, score)
        for _ in range(2 if self.lie == "score_twice" else 1):
            worker.score.observe(told)
        if self.lie == "label_per_request":
            worker.seen[id] = 1
        print(json.dumps({"level": "info", "message": "prediction", "transaction_id": id, "model_version": VERSION}), flush=True)

    def refused(self, answer: dict[str, object]) -> None:
        if self.lie == "bare_logs":
            print(json.dumps({"level": "warning", "message": "POST /predict 422 Unprocessable Entity"}), flush=True)
        elif self.lie == "traces":
            try:
                json.loads("{")
            except ValueError:
                print(traceback.format_exc(), flush=True)
        elif self.lie != "silent_logs":
            print(json.dumps({"level": "warning", "message": "refused", "reason": answer["error"]}), flush=True)

    async def metrics(self) -> str:
        self.scrapes += 1
        worker = self.workers[self.scrapes % len(self.workers)]
        if self.lie == "slow_scrape":
            await asyncio.sleep(0.4)
        counted = worker.statuses | ({200: worker.statuses[200] + self.scrapes} if self.lie == "counts_scrapes" else {})
        text = "# TYPE fraud_predictions_total counter\n" + "".join(f'fraud_predictions_total{{status="{s}"}} {n}\n' for s, n in counted.items())
        text += worker.latency.text("fraud_request_latency_seconds", self.lie) + worker.score.text("fraud_score")
        text += f'# TYPE fraud_model_info gauge\nfraud_model_info{{version="{VERSION}"}} 1\n'
        return text + self.extra(worker)

    def extra(self, worker: Worker) -> str:
        """The lies that are lines of their own."""
        self.gauge = (self.gauge * 7 + 3) % 11
        lines = {
            "label_per_request": "# TYPE fraud_seen gauge\n" + "".join(f'fraud_seen{{transaction_id="{id}"}} 1\n' for id in worker.seen),
            "label_of_time": f'# TYPE fraud_last gauge\nfraud_last{{at="{time.time()}"}} 1\n',
            "large_scrape": "".join(f"# {'x' * 1000}\n" for _ in range(1100)),
            "gauge_as_counter": f"# TYPE fraud_queue_total counter\nfraud_queue_total {self.gauge}\n",
            "counter_is_nan": "# TYPE fraud_rate_total counter\nfraud_rate_total NaN\n",
            "series_twice": "# TYPE fraud_up gauge\nfraud_up 1\nfraud_up 1\n",
            "type_twice": "# TYPE fraud_up gauge\nfraud_up 1\n# TYPE fraud_up gauge\n",
        }
        return lines.get(self.lie, "")

    def version(self) -> dict[str, object]:
        digest = hashlib.sha256(MODEL.read_bytes()).hexdigest() if self.lie != "digest_of_nothing" else "ab" * 32
        return {"model_version": "2025-12" if self.lie == "other_version" else VERSION, "model_sha256": digest}


state = {"service": Service()}


async def respond(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
    service = state["service"]
    if (method, path) == ("POST", "/predict"):
        status, answer = await service.predict(body)
        return status, "application/json", json.dumps(answer).encode()
    if path == "/metrics":
        return 200, "text/plain; version=0.0.4", (await service.metrics()).encode()
    if (method, path) == ("POST", "/lie"):
        state["service"] = Service(body.decode())
        return 200, "application/json", b"{}"
    known = {"/healthz": {}, "/readyz": {}, "/version": service.version(), "/feedback": {}}
    return (200, "application/json", json.dumps(known[path]).encode()) if path in known else (404, "application/json", b"{}")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            found = LENGTH.search(head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            status, kind, content = await respond(method, path, body)
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ["PORT"]), backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
