"""Two workers over real sockets, with a feature store that can be told to misbehave."""

import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import service, until

from scoring.store import Breaker


def test_a_prediction_is_answered_and_audited_without_personal_data(world, tmp_path, transaction):
    with service(world, tmp_path) as running:
        answer = running.predict(transaction).json()
        assert answer["degraded"] is False
        assert answer["model_version"] == running.client.get("/version").json()["model_version"]
        assert running.metric('fraud_requests_total{status="200"}') == 1
        assert running.stop() == 0
    line = (tmp_path / "audit.jsonl").read_text()
    entry = json.loads(line)
    assert {name: entry[name] for name in answer} == answer
    log = running.log.read_text()
    assert transaction["transaction_id"] in log
    for place in (line, log, (tmp_path / "state.db").read_bytes().decode("latin-1")):
        assert transaction["cardholder_name"] not in place


def test_a_broken_feature_store_costs_quality_but_neither_the_answer_nor_the_slo(world, tmp_path, transaction):
    with service(world, tmp_path, STORE_DEADLINE_S="0.07") as running:
        for mode in ("drip", "hang", "error", "nan", "huge", "stranger", "unknown"):
            world.mode = mode
            started = time.perf_counter()
            response = running.predict(transaction)
            assert time.perf_counter() - started < 0.5  # 70 ms deadline; generous for a busy test machine
            assert (response.status_code, response.json()["degraded"]) == (200, True)
            assert running.client.get("/healthz").status_code == 200


def test_a_rotated_token_is_read_anew_and_costs_no_answer(world, tmp_path, transaction):
    file = tmp_path / "token"
    file.write_text("old\n")
    with service(world, tmp_path, FEATURE_STORE_TOKEN_FILE=str(file)) as running:
        for token in ("old", "new"):
            world.token = token
            file.write_text(token)
            assert [running.predict(transaction).json()["degraded"] for _ in range(6)] == [False] * 6
        file.unlink()
        world.token = "secret"
        assert running.predict(transaction).json()["degraded"] is True


def test_bad_input_is_refused_with_a_reason_and_counted(world, tmp_path, transaction):
    with service(world, tmp_path) as running:
        for body, content_type, status in (
            (b"{", "application/json", 400),
            (json.dumps(transaction | {"amount": "12"}).encode(), "application/json", 422),
            (b"x" * 100_000, "application/json", 413),
            (iter([b"x" * 50_000] * 3), "application/json", 413),
            (json.dumps(transaction).encode(), "text/plain", 415),
        ):
            response = running.client.post("/predict", content=body, headers={"Content-Type": content_type})
            assert (response.status_code, bool(response.json()["error"])) == (status, True)
        assert running.client.get("/predict").status_code == 405
        assert running.client.get("/nowhere").json()["error"]
        assert running.metric('fraud_requests_total{status="413"}') == 2
    assert "Content-Type must be application/json" in running.log.read_text()


def test_without_a_usable_model_it_lives_but_is_not_ready(world, tmp_path, transaction):
    with service(world, tmp_path, MODEL_PATH=str(tmp_path / "nothing.json")) as running:
        assert [running.client.get(path).status_code for path in ("/healthz", "/readyz", "/version", "/metrics")] == [200, 503, 503, 200]
        assert running.predict(transaction).status_code == 503


def test_the_service_outlives_the_worker_that_leads(world, tmp_path, transaction):
    """Counters, drift window and firing alerts belong to the service: they must not go with a worker."""
    with service(world, tmp_path, DRIFT_WINDOW="200") as running:
        for i in range(210):
            running.predict(transaction, transaction_id=f"t{i}", channel="pigeon")
        assert world.alerted(feature="channel")
        before = running.metric('fraud_requests_total{status="200"}')
        leader = int(re.findall(r'"leading", "worker": (\d+)', running.log.read_text())[-1])
        os.kill(leader, signal.SIGKILL)
        assert until(lambda: running.log.read_text().count('"leading"') == 2)
        assert until(lambda: running.metric("fraud_workers") == 2)
        assert running.metric('fraud_requests_total{status="200"}') >= before
        assert running.metric('fraud_drift_score{feature="channel"}') > 1
        fired = len(world.alerts)
        for i in range(110):
            running.predict(transaction, transaction_id=f"u{i}", channel="pigeon")
        time.sleep(0.5)
        assert len([a for a in world.alerts[fired:] if a["labels"].get("feature") == "channel"]) == 0  # it fires already


def test_all_workers_change_to_a_better_model_at_once_and_keep_it_over_a_restart(world, tmp_path, transaction):
    no_reuse = httpx.Limits(max_keepalive_connections=0)  # new connections, so that both workers are asked
    with service(world, tmp_path) as running, httpx.Client(base_url=running.client.base_url, limits=no_reuse) as fresh:
        first = running.client.get("/version").json()["model_version"]

        def one(i):
            risky = int(i % 12 == 0)
            body = transaction | {"transaction_id": f"t{i}", "channel": "magstripe" if risky else "chip"}
            assert running.client.post("/predict", json=body).status_code == 200
            assert running.client.post("/feedback", json={"transaction_id": f"t{i}", "label": risky}).status_code == 202

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(1000)))
        assert until(lambda: (tmp_path / "promoted.json").exists())
        answers = [fresh.post("/predict", json=transaction).json()["model_version"] for _ in range(20)]
        assert len(set(answers)) == 1 and answers[0].startswith(f"{first}+fb.")
        assert running.client.get("/version").json()["parent"]["version"] == first
        assert running.stop() == 0
    with service(world, tmp_path) as running:
        assert running.client.get("/version").json()["model_version"] == answers[0]


def test_labels_that_cannot_be_are_set_aside_and_alerted(world, tmp_path, transaction):
    with service(world, tmp_path) as running:
        for i in range(200):
            running.predict(transaction, transaction_id=f"t{i}")
            running.client.post("/feedback", json={"transaction_id": f"t{i}", "label": int(i % 12 != 0)})
        assert world.alerted(alertname="LabelRate")
        assert until(lambda: running.metric('fraud_feedback_total{outcome="doubted"}') == 200)
        assert not (tmp_path / "promoted.json").exists()


def test_sigterm_drains_before_it_ends(world, tmp_path, transaction):
    with service(world, tmp_path) as running:
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert running.client.get("/readyz").status_code == 503
        response = running.predict(transaction)
        assert (response.status_code, response.headers["connection"]) == (200, "close")
        assert running.process.wait(10) == 0


@pytest.mark.parametrize("failing", [True, False])
def test_the_breaker_opens_probes_and_closes(failing):
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(8):
        assert breaker.admit()
        breaker.record(False)
    assert breaker.is_open and not breaker.admit()
    now[0] = 0.6
    assert breaker.admit() and not breaker.admit()  # one probe at a time
    breaker.record(not failing)
    assert breaker.admit() is not failing
