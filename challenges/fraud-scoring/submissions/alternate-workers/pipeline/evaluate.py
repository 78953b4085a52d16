"""Gate a trained artifact and record the run: models/metrics.json holds parameters, metrics and lineage of the shipped model."""

from __future__ import annotations

import json
import sys

from pipeline.data import ROOT, parameters, read
from pipeline.train import ARTIFACT, quality, split
from scoring import model


def failures(metrics: dict[str, dict[str, float]], gates: dict[str, float]) -> list[str]:
    """Which gates the model does not pass."""
    full, fallback = metrics["full"], metrics["fallback"]
    checks = {
        f"AUC {full['auc']} is below {gates['min_auc']}": full["auc"] < gates["min_auc"],
        f"Brier {full['brier']} is too close to the base rate's": full["brier"] > gates["max_brier_ratio"] * full["base_brier"],
        f"fallback Brier {fallback['brier']} is too close to the base rate's":
            fallback["brier"] > gates["max_fallback_brier_ratio"] * fallback["base_brier"],
    }
    return [reason for reason, failed in checks.items() if failed]


def measure(loaded: model.Model) -> dict[str, dict[str, float]]:
    """Holdout metrics of the artifact as the service loads it, so that a skew between file and trainer cannot hide."""
    params = parameters()
    train, holdout = split(read(ROOT / params["data"]["path"]), params["data"]["holdout"], params["seed"])
    base_rate = sum(label for _, _, label in train) / len(train)
    full = [loaded.full.probability(loaded.full.encode(tx, past)) for tx, past, _ in holdout]
    fallback = [loaded.fallback.probability(loaded.fallback.encode(tx, None)) for tx, _, _ in holdout]
    return {"full": quality(full, holdout, base_rate), "fallback": quality(fallback, holdout, base_rate)}


def main() -> int:
    loaded = model.load(ARTIFACT)
    document = loaded.document
    measured = measure(loaded)
    record = {
        "model_version": loaded.version, "artifact_sha256": loaded.digest, "lineage": document["lineage"], "metrics": document["metrics"],
        "thresholds": document["thresholds"],
    }
    (ROOT / "models" / "metrics.json").write_text(json.dumps(record, indent=2) + "\n")
    found = failures(measured, parameters()["gates"])
    if measured != document["metrics"]:
        found.append("the artifact does not reproduce the metrics it carries")
    for line in found:
        print(f"evaluate: {line}", file=sys.stderr)
    print(f"evaluate: {loaded.version} {'refused' if found else 'passes its gates'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
