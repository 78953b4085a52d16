"""The starter boots on the first try in the sandbox and predicts validly, and leaves the work to the candidate."""

from __future__ import annotations

import http.client
import importlib.util
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fraud_statistics import auc, brier, labels
from jsonschema import Draft202012Validator

from challenges.loader import LoadedChallenge, export

STORE = """
import http.server, json, sys
ANSWERS = json.load(open("/store.json"))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(ANSWERS[self.path.split("/")[3]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def repository(fraud: LoadedChallenge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("starter") / "repo"
    export(fraud, dest)
    return dest


@pytest.fixture(scope="module")
def model_module(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("starter_model", repository / "app" / "model.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_model_is_what_training_on_the_exported_data_gives(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    subprocess.run([sys.executable, "train.py", "--out", str(out)], cwd=repository, check=True, capture_output=True, timeout=60)
    fresh, shipped = (json.loads(path.read_text()) for path in (out, repository / "model/model.json"))
    assert np.allclose(fresh.pop("weights"), shipped.pop("weights"), atol=1e-4)
    assert abs(fresh.pop("intercept") - shipped.pop("intercept")) < 1e-4
    assert fresh["categories"] == shipped["categories"] and fresh["version"] == shipped["version"]


def test_the_shipped_model_is_good_enough(fraud: LoadedChallenge, model_module: ModuleType, repository: Path) -> None:
    """Serving encodes one row at a time, training whole columns; on fresh rows both must mean the same."""
    model = model_module.load_model(repository / "model/model.json")
    rows = fraud.simulator().stream(8000, 4)
    scores = np.array([model_module.predict(row.request, row.features, model) for row in rows])
    y = labels(rows)
    assert 0.80 <= auc(y, scores) <= 0.86
    assert brier(y, scores) < 0.88 * brier(y, np.full(len(y), y.mean()))


def test_the_starter_leaves_the_work_to_the_candidate(repository: Path) -> None:
    code = "\n".join(path.read_text() for path in (repository / "app").glob("*.py")).lower()
    for done in ("timeout", "fallback", "webhook", "audit", "feedback", "histogram", "sigterm", "except "):
        assert done not in code, done
    assert "USER" not in (repository / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def booted(engine: Any, fraud: LoadedChallenge, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """The starter's container in a sandbox with the challenge's limits, beside a feature store; (address, container)."""
    name, labels_ = f"starter-{uuid.uuid4().hex[:8]}", {"org.grader.test": "starter"}
    rows = fraud.simulator().stream(60, 6)
    folder = tmp_path_factory.mktemp("store")
    (folder / "store.json").write_text(json.dumps({str(row.request["customer_id"]): row.features for row in rows}))
    image, _ = engine.images.build(path=str(repository), tag=name, labels=labels_, rm=True, forcerm=True)
    network = engine.networks.create(name, internal=True, labels=labels_)
    containers = []
    try:
        store = engine.containers.create("python:3.11-slim", ["python", "-c", STORE], name=f"{name}-store", network=name, labels=labels_,
                                         volumes={str(folder / "store.json"): {"bind": "/store.json", "mode": "ro"}})  # fmt: skip
        containers.append(store)
        store.start()
        limits = fraud.spec.limits
        candidate = engine.containers.create(
            name, name=name, network=name, labels=labels_, read_only=True, tmpfs={"/tmp": f"size={limits.tmp_mib}m,noexec"},
            mem_limit=f"{limits.memory_mib}m", nano_cpus=int(limits.cpus * 1e9), pids_limit=limits.pids, cap_drop=["ALL"],
            security_opt=["no-new-privileges"], environment={"PORT": str(fraud.spec.contract.port), "FEATURE_STORE_URL": f"http://{name}-store:8080"},
        )  # fmt: skip
        containers.append(candidate)
        candidate.start()
        candidate.reload()
        yield candidate.attrs["NetworkSettings"]["Networks"][name]["IPAddress"], candidate
    finally:
        for container in containers:
            container.remove(force=True, v=True)
        network.remove()
        engine.images.remove(image.id, force=True)


def ask(address: str, port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_until_ready(address: str, fraud: LoadedChallenge) -> float:
    start = time.monotonic()
    while time.monotonic() - start < fraud.spec.limits.ready_timeout_s:
        try:
            if ask(address, fraud.spec.contract.port, "GET", fraud.spec.contract.ready)[0] == 200:
                return time.monotonic() - start
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the starter never became ready")


@pytest.mark.engine
def test_it_boots_within_the_limits_and_predicts_validly(fraud: LoadedChallenge, booted: tuple[str, Any]) -> None:
    address, candidate = booted
    assert wait_until_ready(address, fraud) < 25
    contract, validator = fraud.spec.contract, Draft202012Validator(fraud.response_schema)
    scores = set()
    for row in fraud.simulator().stream(60, 6):
        status, body = ask(address, contract.port, "POST", contract.predict, row.request)
        assert status == 200, candidate.logs(tail=20).decode()
        answer = json.loads(body)
        assert [error.message for error in validator.iter_errors(answer)] == []
        assert answer[contract.id_field] == row.request[contract.id_field] and answer[contract.degraded_field] is False
        scores.add(answer[contract.score_field])
    assert len(scores) > 50
    assert ask(address, contract.port, "GET", contract.health)[0] == 200
    assert b"fraud_predictions_total 60.0" in ask(address, contract.port, "GET", contract.metrics)[1]
