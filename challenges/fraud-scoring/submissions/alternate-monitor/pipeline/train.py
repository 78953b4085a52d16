"""Train the full and the fallback model and write one artifact. Same data, parameters and code give the same bytes."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from monitor import drift
from pipeline.data import MANIFEST, ROOT, Example, parameters, read
from scoring import features, model

ARTIFACT = ROOT / "models" / "model.json"
SOURCES = ("scoring/features.py", "scoring/model.py", "monitor/drift.py", "pipeline/data.py", "pipeline/train.py", "requirements-train.lock")


def split(examples: list[Example], share: float, seed: int) -> tuple[list[Example], list[Example]]:
    """(training, holdout) by customer: rows of one customer resemble each other, and a row-wise split would flatter the model."""
    customers = sorted({tx["customer_id"] for tx, _, _ in examples})
    random.Random(seed).shuffle(customers)
    held = set(customers[: round(share * len(customers))])
    return [e for e in examples if e[0]["customer_id"] not in held], [e for e in examples if e[0]["customer_id"] in held]


def fit(examples: list[Example], history: bool, params: dict[str, Any]) -> dict[str, Any]:
    """One logistic regression as the artifact stores it."""
    rows = [(tx, past if history else None) for tx, past, _ in examples]
    encoder = features.fit_encoder(rows, **params["encoder"])
    x = np.array([features.encode(tx, past, encoder) for tx, past in rows])
    y = np.array([label for _, _, label in examples])
    estimator = LogisticRegression(random_state=params["seed"], **params["model"]).fit(x, y)
    return {
        "encoder": encoder,
        "weights": [round(float(w), 6) for w in estimator.coef_[0]],
        "bias": round(float(estimator.intercept_[0]), 6),
        "inputs": features.names(encoder),
    }


def scores(part: dict[str, Any], examples: list[Example], history: bool) -> list[float]:
    """Probabilities exactly as the service computes them."""
    linear = model.Linear(part["encoder"], tuple(part["weights"]), part["bias"])
    return [linear.probability(linear.encode(tx, past if history else None)) for tx, past, _ in examples]


def quality(predicted: list[float], examples: list[Example], base_rate: float) -> dict[str, float]:
    """Metrics on a holdout; `base_brier` is that of always answering the training base rate."""
    y = [label for _, _, label in examples]
    return {
        "n": len(y),
        "auc": round(float(roc_auc_score(y, predicted)), 4),
        "brier": round(float(brier_score_loss(y, predicted)), 5),
        "base_brier": round(sum((base_rate - label) ** 2 for label in y) / len(y), 5),
        "log_loss": round(float(log_loss(y, predicted)), 5),
        "mean_score": round(sum(predicted) / len(y), 5),
        "fraud_rate": round(sum(y) / len(y), 5),
    }


def lineage(params: dict[str, Any]) -> dict[str, Any]:
    """What this model came from. The code is named by its content: a commit cannot contain its own hash."""
    code = hashlib.sha256(b"\0".join((ROOT / name).read_bytes() for name in SOURCES)).hexdigest()
    manifest = json.loads(MANIFEST.read_text())
    data = {"version": manifest["version"], "sha256": manifest["sha256"], "rows": manifest["rows"]}
    return {"data": data, "code_commit": f"src-{code[:12]}", "params": params, "parent": None}


def build(examples: list[Example], params: dict[str, Any]) -> dict[str, Any]:
    """The artifact without its digest: metrics are those of the holdout, the shipped weights are fitted on the training part."""
    train, holdout = split(examples, params["data"]["holdout"], params["seed"])
    base_rate = sum(label for _, _, label in train) / len(train)
    full, fallback = fit(train, True, params), fit(train, False, params)
    observed = [
        drift.Row(tx["customer_id"], tx, past, score) for (tx, past, _), score in zip(examples, scores(full, examples, True), strict=True)
    ]
    document = {
        "schema": model.SCHEMA,
        "full": full,
        "fallback": fallback,
        "thresholds": params["thresholds"],
        "metrics": {
            "full": quality(scores(full, holdout, True), holdout, base_rate),
            "fallback": quality(scores(fallback, holdout, False), holdout, base_rate),
        },
        "reference": drift.build_reference(observed, params["reference"]["quantiles"]),
        "lineage": lineage(params),
    }
    return {**document, "version": f"{params['data']['version']}-{model.digest(document)[:8]}"}


def main(out: Path = ARTIFACT) -> None:
    params = parameters()
    np.random.seed(params["seed"])
    document = build(read(ROOT / params["data"]["path"]), params)
    model.save(document, out)
    print(f"train: {document['version']} {json.dumps(document['metrics'])}")


if __name__ == "__main__":
    main()
