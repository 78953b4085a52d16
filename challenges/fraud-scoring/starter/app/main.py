"""The scoring service."""

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.features import get_features
from app.metrics import PREDICTIONS
from app.model import load_model, predict

app = FastAPI(title="Card-payment scoring")
model = load_model()


def decide(score):
    if score >= 0.5:
        return "decline"
    if score >= 0.15:
        return "review"
    return "approve"


@app.post("/predict")
def post_predict(transaction: dict):
    features = get_features(transaction["customer_id"])
    score = predict(transaction, features, model)
    PREDICTIONS.inc()
    return {
        "transaction_id": transaction["transaction_id"],
        "score": score,
        "decision": decide(score),
        "model_version": model["version"],
        "degraded": False,
    }


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


@app.get("/readyz")
def readyz():
    return {"status": "ready"}


@app.get("/metrics")
def metrics():
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
