"""The routes, and the state behind them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import random
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fraud import drift, model, schema
from fraud.alerts import Notifier
from fraud.journal import Journal
from fraud.learning import Learner
from fraud.metrics import Metrics
from fraud.settings import Settings
from fraud.store import Breaker, FeatureStore, NoHistory

LOG = logging.getLogger("fraud.app")
MIB = 1024 * 1024
RELOAD_EVERY_S = 5.0
DIGESTED = tuple(name for name in schema.TRANSACTION if name not in ("transaction_id", "cardholder_name"))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def reply(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json", headers=headers)


def refusal(status: int, reason: str, field: str = "") -> web.Response:
    """A 4xx or 503 that says why; 503 also says when to come back."""
    headers = {"Retry-After": "1"} if status == 503 else None
    return reply({"error": reason} | ({"field": field} if field else {}), status, headers)


class Service:
    """One application: `make_app` wires it to routes, `start` and `stop` own its background tasks."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.metrics = settings, Metrics()
        self.model: model.Model | None = None
        self.monitor: drift.DriftMonitor | None = None
        self.model_problem = "not loaded yet"
        self.draining = False
        self.in_flight = 0
        self.drift_due = asyncio.Event()
        dropped = self.metrics.journal_dropped
        self.audit = Journal(settings.data_dir / "audit.jsonl", 64 * MIB, 2, dropped)  # 192 MiB of the 256 MiB volume
        self.labels = Journal(settings.data_dir / "feedback.jsonl", 16 * MIB, 1, dropped)  # 32 MiB more
        self.promoted = settings.data_dir / "promoted.json"
        self.tasks: list[asyncio.Task[None]] = []

    # ---- life cycle

    async def start(self, _: web.Application) -> None:
        self.breaker = Breaker()
        self.store = FeatureStore(self.settings, self.breaker)
        self.notifier = Notifier(self.settings.alert_webhook_url, self.store.session, self.metrics)
        self.learner = Learner(self.metrics, self._promote, lambda name, bad, text: self.notifier.notify(name, "", bad, text, "critical"))
        self.metrics.breaker_open.set_function(lambda: float(self.breaker.is_open))
        self.metrics.in_flight.set_function(lambda: float(self.in_flight))
        jobs = (self._load(), self._watch_drift(), self.audit.run(), self.labels.run(), self.notifier.run())
        self.tasks = [asyncio.create_task(job) for job in jobs]

    async def stop(self, _: web.Application) -> None:
        """After the last answer: nothing of the audit trail may be lost."""
        if self.learner.task:
            self.tasks.append(self.learner.task)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.audit.flush()
        self.labels.flush()
        await self.store.close()

    async def _load(self) -> None:
        """Load the artifact, and keep trying: a volume may be mounted late, and a restart would not help."""
        while self.model is None:
            try:
                self._serve(await asyncio.to_thread(self._choose))
            except model.BadArtifact as error:
                if str(error) != self.model_problem:
                    LOG.error("model refused: %s", error)
                self.model_problem = str(error)
                await asyncio.sleep(RELOAD_EVERY_S)

    def _choose(self) -> model.Model:
        """The shipped artifact, or what this volume's feedback made of exactly that artifact. Raises BadArtifact."""
        shipped = model.load(self.settings.model_path)
        if not self.promoted.exists():
            return shipped
        try:
            promoted = model.load(self.promoted)
        except model.BadArtifact as error:
            LOG.error("promoted model ignored: %s", error)
            return shipped
        return promoted if promoted.document["lineage"].get("shipped") == shipped.digest else shipped

    def _promote(self, new: model.Model) -> None:
        self._serve(new)
        try:
            model.save(new.document, self.promoted)
        except OSError as error:
            LOG.error("promoted model will not survive a restart: %s", error.strerror)

    def _serve(self, new: model.Model) -> None:
        """Switch to a model between two requests; each answer is wholly of one model."""
        reference = new.document["reference"]
        if self.model is None:
            self.monitor = drift.DriftMonitor(reference, self.settings.drift_window)
            for name in self.monitor.ratios:
                self.metrics.drift.labels(name).set(0)
        self.model = self.learner.champion = new
        self.metrics.model.clear()
        self.metrics.model.labels(new.version).set(1)
        LOG.info("model serving", extra={"model_version": new.version, "digest": new.digest})

    async def _watch_drift(self) -> None:
        """Evaluate when due, one test per turn of the loop: the longest pause this adds to a request is half a millisecond."""
        while True:
            await self.drift_due.wait()
            self.drift_due.clear()
            if (monitor := self.monitor) is None:
                continue
            found: dict[str, tuple[float, str]] = {}
            for feature, ratio, test in monitor.steps():
                if ratio > found.get(feature, (-1.0, ""))[0]:
                    found[feature] = (ratio, test)
                await asyncio.sleep(0)
            for change in monitor.conclude(found):
                self._announce(change)
            for feature, ratio in monitor.ratios.items():
                self.metrics.drift.labels(feature).set(ratio)
            self.metrics.drift_evaluations.inc()

    def _announce(self, change: drift.Transition) -> None:
        is_score = change.feature == drift.SCORE  # no request field to blame
        text = f"{change.feature}: {change.test} test at {change.ratio:.2f} of its critical value over {self.settings.drift_window} requests"
        self.notifier.notify("ScoreDrift" if is_score else "FeatureDrift", "" if is_score else change.feature, change.firing, text)

    # ---- prediction

    async def predict(self, request: web.Request) -> web.StreamResponse:
        """Answers everything, and counts every answer with its status and time."""
        started, status = time.perf_counter(), "500"
        try:
            response = await self._predict(request)
            status = str(response.status)
        except web.HTTPException as error:
            status = str(error.status)
            raise
        finally:
            self.metrics.requests.labels(status).inc()
            self.metrics.latency.observe(time.perf_counter() - started)
        if self.draining:
            response.force_close()
        return response

    async def _predict(self, request: web.Request) -> web.Response:
        if self.in_flight >= self.settings.max_in_flight:  # before anything is read: what is refused must cost next to nothing
            self.metrics.shed.inc()
            return refusal(503, "too many requests in flight")
        try:
            raw = await read_json(request, self.settings)
            tx = schema.transaction(raw)
        except schema.Invalid as error:
            LOG.warning("refused", extra={"status": error.status, "reason": error.reason, "field": error.field})
            return refusal(error.status, error.reason, error.field)
        if self.model is None:
            return refusal(503, "no model is loaded")
        self.in_flight += 1
        try:
            return await self._score(tx)
        finally:
            self.in_flight -= 1

    async def _score(self, tx: dict[str, Any]) -> web.Response:
        history, reason = None, ""
        try:
            history = await self.store.history(tx["customer_id"])
        except NoHistory as error:
            reason = error.reason
        serving = self.model  # read once, after the wait: a promotion must not mix two models in one answer
        assert serving is not None and self.monitor is not None
        linear = serving.full if history else serving.fallback
        vector = linear.encode(tx, history)
        score = linear.probability(vector)
        answer = {
            "transaction_id": tx["transaction_id"], "score": score, "decision": serving.decision(score), "model_version": serving.version,
            "degraded": history is None,
        }
        self._record(tx, history, answer, reason)
        if history is not None:
            self.learner.remember(tx["transaction_id"], vector)
        if self.monitor.observe(drift.Observation(tx, history, None if history is None else score)):
            self.drift_due.set()
        return reply(answer)

    def _record(self, tx: dict[str, Any], history: dict[str, float] | None, answer: dict[str, Any], reason: str) -> None:
        given = {name: tx[name] for name in DIGESTED} | {"history": history}
        entry = {
            "transaction_id": answer["transaction_id"],
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "model_version": answer["model_version"],
            "input_digest": hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest(),
            "score": answer["score"],
            "decision": answer["decision"],
            "degraded": answer["degraded"],
        }
        self.audit.append(json.dumps(entry))
        self.metrics.scores.observe(answer["score"])
        if reason:
            self.metrics.fallbacks.labels(reason).inc()
        if random() < self.settings.log_share:
            LOG.info("prediction", extra={key: value for key, value in entry.items() if key != "time"} | {"fallback_reason": reason})

    # ---- the other routes

    async def health(self, _: web.Request) -> web.StreamResponse:
        return reply({"status": "alive"})

    async def ready(self, _: web.Request) -> web.StreamResponse:
        if self.draining:
            return refusal(503, "draining")
        return refusal(503, self.model_problem) if self.model is None else reply({"status": "ready", "model_version": self.model.version})

    async def expose(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=generate_latest(self.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def feedback(self, request: web.Request) -> web.StreamResponse:
        try:
            transaction_id, label = schema.feedback(await read_json(request, self.settings))
        except schema.Invalid as error:
            return refusal(error.status, error.reason, error.field)
        self.labels.append(json.dumps({"transaction_id": transaction_id, "label": label, "time": datetime.now(UTC).isoformat()}))
        matched = self.learner.label(transaction_id, label)
        return reply({"status": "joined" if matched else "stored"}, 200 if matched else 202)

    async def version(self, _: web.Request) -> web.StreamResponse:
        if self.model is None:
            return refusal(503, self.model_problem)
        document = self.model.document
        lineage = document["lineage"]
        metrics = {f"{part}_{name}": value for part, values in document["metrics"].items() for name, value in values.items()}
        return reply({
            "model_version": self.model.version,
            "artifact_sha256": self.model.digest,
            "data_version": f"{lineage['data']['version']} sha256:{lineage['data']['sha256']}",
            "code_commit": self.settings.git_commit or lineage["code_commit"],
            "training_code": lineage["code_commit"],
            "training_metrics": metrics,
            "training_params": lineage["params"],
            "parent": lineage["parent"],
        })


async def read_json(request: web.Request, settings: Settings) -> bytes:
    """The body of a JSON request within its limits. Raises schema.Invalid with 408, 411, 413 or 415."""
    if "Content-Type" in request.headers and request.content_type != "application/json":
        raise schema.Invalid("Content-Type must be application/json", status=415)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise schema.Invalid("compressed bodies are not taken", status=415)
    if (request.content_length or 0) > settings.max_body:
        raise schema.Invalid(f"body is larger than {settings.max_body} bytes", status=413)
    try:
        async with asyncio.timeout(settings.body_deadline_s):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise schema.Invalid(f"body is larger than {settings.max_body} bytes", status=413) from None
    except TimeoutError:
        raise schema.Invalid("the body did not arrive in time", status=408) from None


@web.middleware
async def say_why(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of the framework (404, 405, ...) and bugs as JSON, without a stack trace for strangers."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        response = refusal(error.status, error.reason)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception:
        LOG.exception("unexpected error", extra={"path": request.path})
        return refusal(500, "internal error")


def make_app(service: Service) -> web.Application:
    """The aiohttp application of a service."""
    app = web.Application(client_max_size=service.settings.max_body, middlewares=[say_why])
    app.router.add_post("/predict", service.predict)
    app.router.add_post("/feedback", service.feedback)
    for path, handler in (
        ("/healthz", service.health), ("/readyz", service.ready), ("/metrics", service.expose), ("/version", service.version),
    ):
        app.router.add_get(path, handler)
    app.on_startup.append(service.start)
    app.on_cleanup.append(service.stop)
    return app
