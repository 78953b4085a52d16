import os

import joblib
import numpy as np
import requests
from flask import Flask, jsonify, request

app = Flask(__name__)

model = joblib.load("model.pkl")
FEATURE_STORE = os.environ["FEATURE_STORE_URL"]

CATEGORIES = ["grocery", "restaurant", "fuel", "fashion", "pharmacy", "digital_goods", "electronics", "travel", "gambling", "jewellery"]
CHANNELS = ["contactless", "chip", "online", "in_app", "magstripe"]

# TODO: prometheus
counts = {"predictions": 0}


def make_features(tx, customer):
    # keep in sync with the notebook!!
    row = [
        np.log1p(tx["amount"]),
        np.log1p(tx["distance_km"] or 0),
        np.log1p(tx["device_age_days"] or 0),
        np.log1p(tx["minutes_since_last"] or 0),
        np.log1p(customer["avg_amount_30d"]),
        customer["tx_count_24h"],
        customer["chargebacks_90d"],
        np.log1p(customer["account_age_days"]),
    ]
    row += [1 if tx["merchant_category"] == c else 0 for c in CATEGORIES]
    row += [1 if tx["channel"] == c else 0 for c in CHANNELS]
    return [row]


@app.route("/predict", methods=["POST"])
def predict():
    tx = request.get_json()
    print("request", tx)
    customer = requests.get(FEATURE_STORE + "/v1/customers/" + tx["customer_id"] + "/features").json()
    score = float(model.predict_proba(make_features(tx, customer))[0][1])
    counts["predictions"] += 1
    return jsonify({
        "transaction_id": tx["transaction_id"],
        "score": score,
        "decision": "decline" if score > 0.5 else "review" if score > 0.2 else "approve",
        "model_version": "v1",
        "degraded": False,
    })


@app.route("/healthz")
def health():
    return "ok"


@app.route("/readyz")
def ready():
    return "ok"


@app.route("/metrics")
def metrics():
    return "predictions_total %d\n" % counts["predictions"], 200, {"Content-Type": "text/plain"}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8090, debug=True)
