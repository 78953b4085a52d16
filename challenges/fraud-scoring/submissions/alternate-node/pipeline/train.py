"""One command from raw data to artifact: `python -m pipeline.train`.

Reads and checks the data, fits the encoding and both models (with and without the customer's history), judges them on rows they have
not seen, refuses to write what misses a gate, and records the run. The same data, code and parameters give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import artifact, data, encoding, model, reference

ROOT = Path(__file__).resolve().parents[1]
PROBES = 24


class GateMissed(Exception):
    """The new model is not good enough to be written."""


def code_digest() -> str:
    """sha256 over the pipeline's own sources and parameters, in a fixed order."""
    total = hashlib.sha256()
    for path in sorted((ROOT / "pipeline").glob("*.*")):
        if path.suffix in (".py", ".toml"):
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def train(table: data.Table, params: dict[str, Any], *, history: bool) -> tuple[dict[str, Any], dict[str, float], np.ndarray]:
    """One model: (its part of the artifact, cross-validated measures, the final model's log-odds per row)."""
    terms = encoding.fit(table, history=history)
    x = encoding.encode(table, terms)
    held_out = model.cross_validated(x, table.label, params["ridge"], params["folds"], params["seed"])
    weights = np.round(model.fit(x, table.label, params["ridge"]), 6)
    part = {"intercept": float(weights[0]), "weights": [float(w) for w in weights[1:]], "terms": terms}
    return part, model.measures(held_out, table.label), model.logit(x, weights)


def require(metrics: dict[str, float], gates: dict[str, float]) -> None:
    """Raises GateMissed with every gate that is missed."""
    missed = [f"{name} is {metrics[name]}, at least {least} is needed" for name, least in gates.items() if metrics[name] < least]
    if missed:
        raise GateMissed("; ".join(missed))


def probes(table: data.Table, full: np.ndarray, fallback: np.ndarray) -> list[dict[str, Any]]:
    """Inputs with the scores that they must get. The service checks itself against them before it is ready."""
    chosen = np.linspace(0, len(table) - 1, PROBES).astype(int)
    rows = []
    for i in chosen:
        numbers = {name: None if np.isnan(values[i]) else float(values[i]) for name, values in table.numbers.items()}
        categories = {name: str(values[i]) for name, values in table.categories.items()}
        scores = {"score": round(float(full[i]), 6), "fallback_score": round(float(fallback[i]), 6)}
        rows.append({"input": {**numbers, **categories}, **scores})
    return rows


def run(source: Path, target: Path, log: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Train, judge, write and record. Returns the record of the run."""
    table = data.read(source)
    full, metrics, logits = train(table, params, history=True)
    fallback, fallback_metrics, fallback_logits = train(table, params, history=False)
    metrics |= {f"fallback_{name}": value for name, value in fallback_metrics.items() if name != "fraud_rate"}
    require(metrics, params["gates"])
    version = f"{params['version']}.{table.sha256[:6]}"
    lineage = {
        "data": {"name": source.name, "sha256": table.sha256, "rows": len(table)},
        "code_sha256": code_digest(),
        "params": params,
        "parent": None,
    }
    document = {
        "version": version,
        "lineage": lineage,
        "metrics": metrics,
        "thresholds": params["thresholds"],
        "full": full,
        "fallback": fallback,
        "reference": reference.build(table, logits, params["bins"]),
        "probes": probes(table, model.sigmoid(logits), model.sigmoid(fallback_logits)),
    }
    digest = artifact.write(document, target)
    record = {"model_version": version, "artifact_sha256": digest, **lineage, "metrics": metrics}
    _record(record, log)
    return record


def _record(record: dict[str, Any], log: Path) -> None:
    """Append the run to the experiment records, unless the very same run stands there already."""
    line = json.dumps(record, sort_keys=True)
    known = log.read_text().splitlines() if log.exists() else []
    if line not in known:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join([*known, line]) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "train.csv.gz")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "model.json")
    parser.add_argument("--log", type=Path, default=ROOT / "experiments" / "runs.jsonl")
    parser.add_argument("--params", type=Path, default=ROOT / "pipeline" / "params.toml")
    options = parser.parse_args()
    try:
        record = run(options.data, options.out, options.log, tomllib.loads(options.params.read_text()))
    except (data.BadData, GateMissed) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    print(json.dumps({key: record[key] for key in ("model_version", "artifact_sha256", "metrics")}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
