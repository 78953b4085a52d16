"""The training table: reading it, and refusing it when it is not what the model was designed for."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from scoring.features import CATEGORICAL, HISTORY_NUMERIC, NULLABLE, TRANSACTION_NUMERIC

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / "data" / "manifest.json"
LIMITS: dict[str, tuple[float, float]] = {
    "amount": (0, 10_000_000), "distance_km": (0, 50_000), "device_age_days": (0, 20_000), "minutes_since_last": (0, 10_000_000),
    "avg_amount_30d": (0, 10_000_000), "tx_count_24h": (0, 10_000), "chargebacks_90d": (0, 1_000), "account_age_days": (0, 40_000),
}
Example = tuple[dict[str, Any], dict[str, Any], int]


def parameters() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path: Path) -> list[Example]:
    """(transaction, history, label) per row. An empty cell is a null."""
    with gzip.open(path, "rt", newline="") as file:
        table = list(csv.DictReader(file))
    examples = []
    for row in table:
        tx: dict[str, Any] = {name: float(row[name]) if row[name] else None for name in TRANSACTION_NUMERIC}
        tx |= {name: row[name] for name in (*CATEGORICAL, "transaction_id", "customer_id")}
        examples.append((tx, {name: float(row[name]) for name in HISTORY_NUMERIC}, int(row["is_fraud"])))
    return examples


def problems(examples: list[Example]) -> list[str]:
    """Why this table must not be trained on; empty when it may."""
    found = []
    if len(examples) < 2000:
        found.append(f"{len(examples)} rows are too few to train on")
    if len({tx["transaction_id"] for tx, _, _ in examples}) != len(examples):
        found.append("transaction_id is not unique")
    rate = sum(label for _, _, label in examples) / max(1, len(examples))
    if {label for _, _, label in examples} != {0, 1} or not 0.01 <= rate <= 0.3:
        found.append(f"labels are not 0 and 1 at a plausible rate: {rate:.3f}")
    for name, (low, high) in LIMITS.items():
        values = [tx[name] if name in tx else history[name] for tx, history, _ in examples]
        present = [value for value in values if value is not None]
        nulls = 1 - len(present) / max(1, len(values))
        if any(not low <= value <= high for value in present):  # also catches NaN
            found.append(f"{name} leaves [{low:g}, {high:g}]")
        if nulls > (0.2 if name in NULLABLE else 0):
            found.append(f"{name} is null in {nulls:.0%} of rows")
        if len(set(present)) < 2:
            found.append(f"{name} is constant")
    for name in CATEGORICAL:
        values = {tx[name] for tx, _, _ in examples}
        if "" in values or len(values) > 100:
            found.append(f"{name} has empty or too many values")
    return found


def main() -> int:
    """Check the table against the manifest and the rules. `--pin` accepts a new table: it rewrites the manifest instead of comparing."""
    path, version = ROOT / parameters()["data"]["path"], parameters()["data"]["version"]
    examples = read(path)
    found = problems(examples)
    manifest = {
        "version": version, "path": str(path.relative_to(ROOT)), "sha256": sha256(path), "bytes": path.stat().st_size,
        "rows": len(examples), "positives": sum(label for _, _, label in examples),
    }
    if "--pin" in sys.argv[1:] and not found:
        MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")
    elif json.loads(MANIFEST.read_text()) != manifest:
        found.append(f"{path.name} is not the table that data/manifest.json pins")
    for line in found:
        print(f"data: {line}", file=sys.stderr)
    print(f"data: {len(examples)} rows, {'refused' if found else 'valid'}, sha256 {manifest['sha256'][:12]}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
