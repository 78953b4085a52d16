"""The service over real sockets, with a feature store that can be told to misbehave."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fraud.app import Service, make_app
from fraud.settings import PACKAGED_MODEL, Settings
from fraud.store import Breaker


class Store:
    """A feature store whose answers and alerts are in the test's hands."""

    def __init__(self, history):
        self.history, self.mode, self.alerts = history, "ok", []
        self.token, self.refused = None, 0

    async def features(self, request):
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            self.refused += 1
            return web.json_response({}, status=401)
        answer = {"customer_id": request.match_info["id"], **self.history}
        if self.mode == "drip":
            response = web.StreamResponse()
            await response.prepare(request)
            for byte in json.dumps(answer):
                await response.write(byte.encode())
                await asyncio.sleep(0.03)
            return response
        if self.mode == "hang":
            await asyncio.sleep(3)
        if self.mode == "error":
            return web.json_response({}, status=500)
        if self.mode == "nan":
            return web.Response(text=json.dumps(answer | {"tx_count_24h": float("nan")}))
        if self.mode == "huge":
            return web.Response(text="[" + "1," * 1_000_000)
        if self.mode == "stranger":
            return web.json_response(answer | {"customer_id": "someone-else"})
        return web.json_response(answer, status=404 if self.mode == "unknown" else 200)

    async def alert(self, request):
        self.alerts += (await request.json())["alerts"]
        return web.json_response({})


@asynccontextmanager
async def running(tmp_path, history, **changes):
    store = Store(history)
    app = web.Application()
    app.router.add_get("/v1/customers/{id}/features", store.features)
    app.router.add_post("/webhook", store.alert)
    async with TestServer(app) as server:
        settings = Settings(
            feature_store_url=str(server.make_url("")).rstrip("/"), alert_webhook_url=str(server.make_url("/webhook")), data_dir=tmp_path, **changes
        )
        service = Service(settings)
        async with TestClient(TestServer(make_app(service))) as client:
            for _ in range(200):
                if service.model or settings.model_path != PACKAGED_MODEL:
                    break
                await asyncio.sleep(0.01)
            yield client, store, service


def test_a_prediction_is_answered_and_audited_without_personal_data(tmp_path, transaction, history, caplog):
    async def scenario():
        async with running(tmp_path, history, log_share=1.0) as (client, _, service):
            answer = await (await client.post("/predict", json=transaction)).json()
            assert answer["degraded"] is False
            assert answer["model_version"] == service.model.version
            metrics = await (await client.get("/metrics")).text()
            assert 'fraud_requests_total{status="200"} 1.0' in metrics
        return answer

    caplog.set_level("INFO")
    answer = asyncio.run(scenario())
    line = (tmp_path / "audit.jsonl").read_text()
    entry = json.loads(line)
    assert {name: entry[name] for name in answer} == answer
    assert transaction["cardholder_name"] not in line + caplog.text + str([vars(record) for record in caplog.records])


def test_a_rotated_token_is_read_anew_and_costs_no_answer(tmp_path, transaction, history):
    file = tmp_path / "token"
    file.write_text("old\n")

    async def scenario():
        async with running(tmp_path, history, feature_store_token_file=file) as (client, store, _):
            for token in ("old", "new", "newer"):
                store.token = token
                file.write_text(token)
                answers = await asyncio.gather(*(client.post("/predict", json=transaction) for _ in range(5)))
                assert [(await answer.json())["degraded"] for answer in answers] == [False] * 5
            assert 2 <= store.refused <= 10
            file.unlink()
            store.token = "secret"
            assert (await (await client.post("/predict", json=transaction)).json())["degraded"] is True
            store.token = None
            assert (await (await client.post("/predict", json=transaction)).json())["degraded"] is False

    asyncio.run(scenario())


@pytest.mark.parametrize("mode", ["drip", "hang", "error", "nan", "huge", "stranger", "unknown"])
def test_a_broken_feature_store_costs_quality_but_neither_the_answer_nor_the_slo(tmp_path, transaction, history, mode):
    async def scenario():
        async with running(tmp_path, history) as (client, store, _):
            store.mode = mode
            started = time.perf_counter()
            response = await client.post("/predict", json=transaction)
            assert time.perf_counter() - started < 0.5  # 70 ms deadline; generous for a busy test machine
            assert response.status == 200
            assert (await response.json())["degraded"] is True
            assert (await client.get("/healthz")).status == 200

    asyncio.run(scenario())


def test_bad_input_is_refused_with_a_reason_and_counted(tmp_path, transaction, history):
    async def scenario():
        async with running(tmp_path, history) as (client, _, _):
            for body, content_type, status in (
                (b"{", "application/json", 400),
                (json.dumps(transaction | {"amount": float("nan")}), "application/json", 400),
                (json.dumps(transaction | {"amount": "12"}), "application/json", 422),
                (b"x" * 100_000, "application/json", 413),
                (json.dumps(transaction), "text/plain", 415),
            ):
                response = await client.post("/predict", data=body, headers={"Content-Type": content_type})
                assert response.status == status
                assert (await response.json())["error"]
            assert (await client.get("/predict")).status == 405
            assert (await (await client.get("/nowhere")).json())["error"]
            assert 'status="413"} 1.0' in await (await client.get("/metrics")).text()

    asyncio.run(scenario())


def test_without_a_usable_model_it_lives_but_is_not_ready(tmp_path, transaction, history):
    async def scenario():
        async with running(tmp_path, history, model_path=tmp_path / "nothing.json") as (client, _, _):
            statuses = [(await client.get(path)).status for path in ("/healthz", "/readyz", "/version", "/metrics")]
            assert statuses == [200, 503, 503, 200]
            assert (await client.post("/predict", json=transaction)).status == 503

    asyncio.run(scenario())


def test_too_many_in_flight_are_shed_at_once(tmp_path, transaction, history):
    async def scenario():
        async with running(tmp_path, history, max_in_flight=4, store_deadline_s=0.5) as (client, store, _):
            store.mode = "hang"
            responses = await asyncio.gather(*(client.post("/predict", json=transaction) for _ in range(12)))
            assert sorted(r.status for r in responses) == [200] * 4 + [503] * 8
            assert all(r.headers["Retry-After"] == "1" for r in responses if r.status == 503)

    asyncio.run(scenario())


def test_drift_sets_the_gauge_and_posts_an_alert(tmp_path, transaction, history):
    async def scenario():
        async with running(tmp_path, history, drift_window=200) as (client, store, service):
            for i in range(200):
                await client.post("/predict", json=transaction | {"transaction_id": f"t{i}", "channel": "pigeon"})
            for _ in range(100):
                if any(alert["labels"].get("feature") == "channel" for alert in store.alerts):
                    break
                await asyncio.sleep(0.02)
            assert "channel" in service.monitor.firing
            assert any(alert["labels"].get("feature") == "channel" and alert["status"] == "firing" for alert in store.alerts)

    asyncio.run(scenario())


def test_labels_that_contradict_the_model_promote_a_better_one_and_it_survives_a_restart(tmp_path, transaction, history):
    async def scenario():
        async with running(tmp_path, history) as (client, _, service):
            first = service.model.version
            for i in range(1000):
                risky = int(i % 12 == 0)
                body = transaction | {"transaction_id": f"t{i}", "channel": "magstripe" if risky else "chip"}
                await client.post("/predict", json=body)
                await client.post("/feedback", json={"transaction_id": f"t{i}", "label": risky})
            await service.learner.task
            promoted = service.model.version
            assert promoted.startswith(first + "+fb.")
        async with running(tmp_path, history) as (_, _, service):
            assert service.model.version == promoted

    asyncio.run(scenario())


def test_labels_that_cannot_be_are_set_aside_and_alerted(tmp_path, transaction, history):
    async def scenario():
        async with running(tmp_path, history) as (client, store, service):
            first = service.model.version
            for i in range(800):
                await client.post("/predict", json=transaction | {"transaction_id": f"t{i}"})
                await client.post("/feedback", json={"transaction_id": f"t{i}", "label": int(i % 12 != 0)})
            for _ in range(100):
                if any(alert["labels"]["alertname"] == "LabelRate" for alert in store.alerts):
                    break
                await asyncio.sleep(0.02)
            assert any(alert["labels"]["alertname"] == "LabelRate" for alert in store.alerts)
            assert service.learner.task is None and service.model.version == first
            assert 'fraud_feedback_total{known="doubted"} 800.0' in await (await client.get("/metrics")).text()

    asyncio.run(scenario())


def test_the_breaker_opens_probes_and_closes():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(10):
        assert breaker.admit()
        breaker.record(False)
    assert breaker.is_open and not breaker.admit()
    now[0] = 0.6
    assert breaker.admit() and not breaker.admit()  # one probe at a time
    breaker.record(False)
    now[0] = 1.2
    assert breaker.admit()
    breaker.record(True)
    assert breaker.admit() and breaker.admit()
