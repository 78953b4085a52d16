import json
from pathlib import Path

from fastapi.testclient import TestClient

from app import main

SAMPLES = Path(__file__).parent.parent / "contract" / "samples"


def test_predict_answers_a_probability(monkeypatch):
    sample = json.loads((SAMPLES / "request-1.json").read_text())
    history = json.loads((SAMPLES / "features-1.json").read_text())
    monkeypatch.setattr(main, "get_features", lambda customer_id: history)
    answer = TestClient(main.app).post("/predict", json=sample).json()
    assert answer["transaction_id"] == sample["transaction_id"]
    assert 0 <= answer["score"] <= 1


def test_alive():
    assert TestClient(main.app).get("/healthz").status_code == 200
