"""The FastAPI application: routes, and the model that serves."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from app import schema
from app.audit import Audit
from app.features_client import FeatureStore, NoHistory
from app.link import MonitorLink
from app.metrics import Metrics
from app.schema import Refused
from app.settings import Settings
from scoring import model
from scoring.logs import Throttle

LOG = logging.getLogger("app")
RELOAD_EVERY = 2.0


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


class Service:
    """State of the serving process. `lifespan` frames its life."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.metrics = settings, Metrics()
        self.model: model.Model | None = None
        self.model_problem = "not loaded yet"
        self.draining = False
        self.in_flight = 0
        self.promoted_path = settings.data_dir / "promoted.json"
        self.audit = Audit(settings.data_dir / "audit.jsonl", self.metrics.audit_lost)
        self.link = MonitorLink(self.metrics, settings.drift_window, settings.monitor_patience, self._on_promotion)
        self.shed_lines = Throttle(10)
        self._adopting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self.store = FeatureStore(self.settings)
        self.metrics.breaker_open.set_function(lambda: float(self.store.breaker.is_open))
        self.metrics.in_flight.set_function(lambda: float(self.in_flight))
        self.audit.start()
        tasks = [asyncio.create_task(self._load()), asyncio.create_task(self.link.run())]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.audit.stop()
        await self.store.close()

    # ---- the model

    async def _load(self) -> None:
        """Load the artifact, and keep trying: a volume may be mounted late, and a restart would not help."""
        while self.model is None:
            try:
                self._serve(*await asyncio.to_thread(model.choose, self.settings.model_path, self.promoted_path))
            except model.BadArtifact as error:
                if str(error) != self.model_problem:
                    LOG.error("model refused", extra={"reason": str(error)})
                self.model_problem = str(error)
                await asyncio.sleep(RELOAD_EVERY)

    def _serve(self, new: model.Model, path: Path) -> None:
        """Change over between two requests; each answer is wholly of one model."""
        self.model = new
        self.link.model = path, new.digest
        self.metrics.serves(new.version)
        LOG.info("model serving", extra={"model_version": new.version, "digest": new.digest})

    def _on_promotion(self, digest: str) -> None:
        """The monitor says so with every report until it sees that we serve its successor."""
        if self.model and self.model.digest != digest and (self._adopting is None or self._adopting.done()):
            self._adopting = asyncio.create_task(self._adopt(digest))

    async def _adopt(self, digest: str) -> None:
        try:
            new, path = await asyncio.to_thread(model.choose, self.settings.model_path, self.promoted_path)
        except model.BadArtifact as error:
            LOG.error("promotion refused", extra={"reason": str(error)})
            return
        if new.digest == digest:
            self._serve(new, path)

    # ---- answers

    def reply(self, body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
        headers = headers or {}
        if status == 503:
            headers["retry-after"] = "1"
        if self.draining:
            headers["connection"] = "close"  # the next request must find another pod
        return Response(orjson.dumps(body), status, headers, "application/json")

    def refuse(self, refused: Refused, request_id: str) -> Response:
        """Answer and log line of a request that gets no prediction."""
        if refused.status != 503 or self.shed_lines.admit():
            LOG.warning("request refused", extra={
                "reason": refused.reason, "status": refused.status, "request_id": request_id,
                "model_version": self.model.version if self.model else None, "lines_left_out": self.shed_lines.take_left_out(),
            })
        return self.reply({"error": refused.reason, "fields": refused.fields, "request_id": request_id}, refused.status)

    async def predict(self, request: Request) -> Response:
        """Counts every answer with its status and time."""
        started, request_id = time.perf_counter(), id_of(request)
        try:
            response = await self._predict(request, request_id)
        except Refused as refused:
            response = self.refuse(refused, request_id)
        except ClientDisconnect:
            response = self.reply({"error": "client went away"}, 499)
        except Exception:
            LOG.exception("prediction failed", extra={"request_id": request_id})
            response = self.reply({"error": "internal error", "request_id": request_id}, 500)
        self.metrics.requests.labels(str(response.status_code)).inc()
        self.metrics.latency.observe(time.perf_counter() - started)
        return response

    async def _predict(self, request: Request, request_id: str) -> Response:
        if self.in_flight >= self.settings.max_in_flight:  # before anything is read: what is refused must cost next to nothing
            self.metrics.shed.inc()
            raise Refused(503, "too many requests in flight")
        self.in_flight += 1
        try:
            tx = schema.parse(schema.Transaction, await read_body(request, self.settings))
            return await self._score(tx, request_id)
        finally:
            self.in_flight -= 1

    async def _score(self, tx: schema.Transaction, request_id: str) -> Response:
        history, missing = None, NoHistory("")
        try:
            history = await self.store.history(tx.customer_id)
        except NoHistory as error:
            missing = error
        serving = self.model  # read once, after the wait: a promotion must not mix two models in one answer
        if serving is None:
            raise Refused(503, f"no model: {self.model_problem}")
        inputs = tx.inputs()
        linear = serving.full if history else serving.fallback
        score = linear.probability(linear.encode(inputs, history))
        answer = {
            "transaction_id": tx.transaction_id, "score": score, "decision": serving.decision(score), "model_version": serving.version,
            "degraded": history is None,
        }
        self._record(tx, inputs, history, answer, serving.digest, request_id)
        if history is None:
            self.metrics.fallbacks.labels(missing.reason).inc()
        if random.random() < self.settings.log_share:
            LOG.info("prediction", extra={**answer, "request_id": request_id, "fallback_reason": missing.reason, "cause": missing.cause})
        return self.reply(answer, headers={"x-request-id": request_id})

    def _record(
        self, tx: schema.Transaction, inputs: dict[str, Any], history: dict[str, float] | None, answer: dict[str, Any], digest: str, request_id: str
    ) -> None:
        self.audit.append(orjson.dumps({
            **answer,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "input_digest": hashlib.sha256(orjson.dumps([inputs, history])).hexdigest(),
            "model_digest": digest,
            "request_id": request_id,
        }))
        self.metrics.scores.observe(answer["score"])
        self.link.send({
            "kind": "prediction", "transaction_id": tx.transaction_id, "customer_id": tx.customer_id, "inputs": inputs, "history": history,
            "score": answer["score"],
        })

    async def feedback(self, request: Request) -> Response:
        try:
            label = schema.parse(schema.Feedback, await read_body(request, self.settings))
        except Refused as refused:
            return self.refuse(refused, id_of(request))
        self.link.send({"kind": "label", "transaction_id": label.transaction_id, "label": label.label})
        self.metrics.feedback.labels("taken").inc()
        return self.reply({"status": "taken"}, 202)

    async def ready(self) -> Response:
        if self.draining:
            return self.reply({"error": "draining"}, 503)
        if self.model is None:
            return self.reply({"error": self.model_problem}, 503)
        return self.reply({"status": "ready", "model_version": self.model.version})

    async def version(self) -> Response:
        if self.model is None:
            return self.reply({"error": self.model_problem}, 503)
        document, lineage = self.model.document, self.model.document["lineage"]
        return self.reply({
            "model_version": self.model.version,
            "artifact_sha256": self.model.digest,
            "data_version": f"{lineage['data']['version']} sha256:{lineage['data']['sha256']}",
            "code_commit": self.settings.git_commit or lineage["code_commit"],
            "training_code": lineage["code_commit"],
            "training_metrics": {f"{part}_{name}": value for part, values in document["metrics"].items() for name, value in values.items()},
            "training_params": lineage["params"],
            "parent": lineage["parent"],
        })


def id_of(request: Request) -> str:
    return request.headers.get("x-request-id", "")[:64] or secrets.token_hex(8)


def create_app(service: Service) -> FastAPI:
    """The application of a service."""
    app = FastAPI(title="Real-time card-payment scoring", lifespan=service.lifespan, docs_url=None, redoc_url=None)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        return await service.predict(request)

    @app.post("/feedback")
    async def feedback(request: Request) -> Response:
        return await service.feedback(request)

    @app.get("/healthz")
    async def healthz() -> Response:
        return service.reply({"status": "alive"})

    @app.get("/readyz")
    async def readyz() -> Response:
        return await service.ready()

    @app.get("/version")
    async def version() -> Response:
        return await service.version()

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST})

    @app.exception_handler(StarletteHTTPException)
    async def say_why(_: Request, error: HTTPException) -> Response:
        return service.reply({"error": error.detail}, error.status_code, dict(error.headers or {}))

    return app
