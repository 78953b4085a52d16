"""The ASGI application: routes of one worker. What concerns the service as a whole is in `state` and `leader`."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import random
import secrets
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from scoring import lifecycle, schema, telemetry
from scoring.leader import Leader
from scoring.logs import Throttle
from scoring.model import Serving
from scoring.recorder import Recorder
from scoring.schema import Refused
from scoring.settings import Settings
from scoring.state import State
from scoring.store import FeatureStore, NoHistory

LOG = logging.getLogger("scoring.app")
encode = msgspec.json.encode


def reply(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    headers = headers or {}
    if status in (429, 503):
        headers["retry-after"] = "1"
    if lifecycle.draining():
        headers["connection"] = "close"  # the next request must find another pod
    return Response(encode(body), status, headers, "application/json")


async def read_body(request: Request, settings: Settings) -> bytes:
    """The body of a JSON request within its limits. Raises Refused with 408, 413 or 415."""
    headers = request.headers
    if (kind := headers.get("content-type")) and kind.partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Content-Type must be application/json")
    if headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "compressed bodies are not taken")
    too_large = Refused(413, f"body is larger than {settings.max_body} bytes")
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length[:18]) > settings.max_body:
        raise too_large
    body = b""
    try:
        async with asyncio.timeout(settings.body_deadline):
            async for chunk in request.stream():
                body += chunk
                if len(body) > settings.max_body:
                    raise too_large
    except TimeoutError:
        raise Refused(408, "the body did not arrive in time") from None
    return body


class Api:
    """Handlers and what they need. `open` and `close` frame the life of a worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state = State(settings.data_dir)
        self.serving = Serving(settings.model_path, settings.data_dir / "promoted.json")
        self.shared = telemetry.SharedState(self.state, self.serving)
        self.in_flight = 0
        self.shed_lines = Throttle(10)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        telemetry.prepare()
        self.store = FeatureStore(self.settings)
        self.recorder = Recorder(self.settings.data_dir, self.state)
        self.leader = Leader(self.settings, self.state, Serving(self.settings.model_path, self.serving.promoted))
        telemetry.WORKERS.set(1)
        telemetry.BREAKERS_OPEN.set(0)
        self.serving.current()
        self.recorder.start()
        self.leader.start()
        yield
        self.leader.stop()
        self.recorder.stop()
        telemetry.WORKERS.set(0)
        await self.store.close()

    # ---- prediction

    async def predict(self, request: Request) -> Response:
        """Counts every answer with its status and time; says and logs why a request gets no prediction."""
        started = time.perf_counter()
        request_id = request.headers.get("x-request-id", "")[:64] or secrets.token_hex(8)
        try:
            response = await self._predict(request, request_id)
        except Refused as refused:
            self._log_refusal(refused, request_id)
            response = reply({"error": refused.reason, "request_id": request_id}, refused.status)
        except ClientDisconnect:
            response = reply({"error": "client went away"}, 499)
        except Exception:
            LOG.exception("prediction failed", extra={"request_id": request_id, "path": "/predict"})
            response = reply({"error": "internal error", "request_id": request_id}, 500)
        telemetry.REQUESTS.labels(str(response.status_code)).inc()
        telemetry.LATENCY.observe(time.perf_counter() - started)
        return response

    async def _predict(self, request: Request, request_id: str) -> Response:
        if self.in_flight >= self.settings.max_in_flight:
            telemetry.SHED.inc()
            raise Refused(503, "too many requests in flight")
        self.in_flight += 1
        telemetry.IN_FLIGHT.inc()
        try:
            tx = schema.parse(schema.Transaction, await read_body(request, self.settings))
            return await self._score(tx, request_id)
        finally:
            self.in_flight -= 1
            telemetry.IN_FLIGHT.dec()

    async def _score(self, tx: schema.Transaction, request_id: str) -> Response:
        history, missing = None, NoHistory("")
        try:
            history = await self.store.history(tx.customer_id)
        except NoHistory as error:
            missing = error
            telemetry.BREAKERS_OPEN.set(self.store.breaker.is_open)
        model = self.serving.current()  # after the wait: an answer is wholly of the model that serves when it is given
        if model is None:
            raise Refused(503, f"no model: {self.serving.problem}")
        inputs = tx.inputs()
        linear = model.full if history else model.fallback
        vector = linear.encode(inputs, history)
        score = linear.probability(vector)
        answer = {
            "transaction_id": tx.transaction_id, "score": score, "decision": model.decision(score), "model_version": model.version,
            "degraded": history is None,
        }
        digest = hashlib.sha256(encode([inputs, history])).hexdigest()
        time_of_answer = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        audit = {**answer, "time": time_of_answer, "input_digest": digest, "model_digest": model.digest, "request_id": request_id}
        row = (tx.transaction_id, tx.customer_id, encode(inputs)) + (
            (encode(history), score, array("f", vector).tobytes()) if history else (None, None, None)
        )
        self.recorder.prediction(encode(audit), row)
        telemetry.SCORES.observe(score)
        if history is None:
            telemetry.FALLBACKS.labels(missing.reason).inc()
        if random.random() < self.settings.log_share:
            LOG.info("prediction", extra={**answer, "request_id": request_id, "fallback_reason": missing.reason, "cause": missing.cause})
        return reply(answer, headers={"x-request-id": request_id})

    def _log_refusal(self, refused: Refused, request_id: str) -> None:
        if refused.status == 503 and not self.shed_lines.admit():
            return
        model = self.serving.current()
        LOG.warning("request refused", extra={
            "reason": refused.reason, "status": refused.status, "request_id": request_id, "model_version": model.version if model else None,
            "lines_left_out": self.shed_lines.take_left_out(),
        })

    # ---- the other routes

    async def feedback(self, request: Request) -> Response:
        request_id = request.headers.get("x-request-id", "")[:64] or secrets.token_hex(8)
        try:
            label = schema.parse(schema.Feedback, await read_body(request, self.settings))
        except Refused as refused:
            self._log_refusal(refused, request_id)
            return reply({"error": refused.reason, "request_id": request_id}, refused.status)
        if not self.recorder.label(label.transaction_id, label.label, time.time()):
            return reply({"error": "labels cannot be stored now"}, 503)
        telemetry.FEEDBACK.labels("taken").inc()
        return reply({"status": "stored"}, 202)

    async def health(self, _: Request) -> Response:
        return reply({"status": "alive"})

    async def ready(self, _: Request) -> Response:
        if lifecycle.draining():
            return reply({"error": "draining"}, 503)
        model = self.serving.current()
        return reply({"error": self.serving.problem}, 503) if model is None else reply({"status": "ready", "model_version": model.version})

    async def metrics(self, _: Request) -> Response:
        return Response(telemetry.exposition(self.shared), headers={"content-type": CONTENT_TYPE_LATEST})

    async def version(self, _: Request) -> Response:
        model = self.serving.current()
        if model is None:
            return reply({"error": self.serving.problem}, 503)
        lineage = model.document["lineage"]
        return reply({
            "model_version": model.version,
            "artifact_sha256": model.digest,
            "data_version": f"{lineage['data']['version']} sha256:{lineage['data']['sha256']}",
            "code_commit": self.settings.git_commit or lineage["code_commit"],
            "training_code": lineage["code_commit"],
            "training_metrics": {f"{part}_{name}": value for part, values in model.document["metrics"].items() for name, value in values.items()},
            "training_params": lineage["params"],
            "parent": lineage["parent"],
            "worker": os.getpid(),
        })


async def on_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return reply({"error": error.detail}, error.status_code, dict(error.headers or {}))


async def on_bug(request: Request, error: Exception) -> Response:
    LOG.error("unexpected error", exc_info=error, extra={"path": request.url.path})
    return reply({"error": "internal error"}, 500)


def make_app(settings: Settings) -> Starlette:
    """The application of one worker."""
    api = Api(settings)
    routes: tuple[tuple[str, Callable[[Request], Awaitable[Response]], str], ...] = (
        ("/predict", api.predict, "POST"), ("/feedback", api.feedback, "POST"), ("/healthz", api.health, "GET"),
        ("/readyz", api.ready, "GET"), ("/metrics", api.metrics, "GET"), ("/version", api.version, "GET"),
    )
    app = Starlette(
        routes=[Route(path, handler, methods=[method]) for path, handler, method in routes],
        exception_handlers={HTTPException: on_http_exception, Exception: on_bug},
        lifespan=api.lifespan,
    )
    app.state.api = api
    return app
