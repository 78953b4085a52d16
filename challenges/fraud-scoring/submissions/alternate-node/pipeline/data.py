"""Reads the training data and refuses data that a model should not be trained on."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NULLABLE = ("distance_km", "device_age_days", "minutes_since_last")
RANGES = {
    "amount": (0.0, 1e7),
    "distance_km": (0.0, 5e4),
    "device_age_days": (0.0, 2e4),
    "minutes_since_last": (0.0, 1e7),
    "avg_amount_30d": (0.0, 1e7),
    "tx_count_24h": (0.0, 1e5),
    "chargebacks_90d": (0.0, 1e5),
    "account_age_days": (0.0, 4e4),
}
CATEGORICAL = ("merchant_category", "channel", "country", "currency")
LABEL = "is_fraud"
FRAUD_RATE = (0.005, 0.30)
MIN_ROWS = 2000
MAX_NULL_RATE = 0.20


class BadData(Exception):
    """The data must not be trained on; the message names every reason."""


@dataclass(frozen=True)
class Table:
    """Columns by name: float arrays (NaN is null) for numbers, string arrays for categories; `label` is 0.0 or 1.0 per row."""

    numbers: dict[str, np.ndarray]
    categories: dict[str, np.ndarray]
    label: np.ndarray
    sha256: str

    def __len__(self) -> int:
        return len(self.label)


def read(path: Path) -> Table:
    """Read a CSV file, gzipped or not. The digest is that of the uncompressed bytes, so packing does not change a data version."""
    raw = path.read_bytes()
    plain = gzip.decompress(raw) if path.suffix == ".gz" else raw
    rows = list(csv.DictReader(io.StringIO(plain.decode("utf-8"))))
    if not rows:
        raise BadData(f"{path} holds no rows")
    missing = {*RANGES, *CATEGORICAL, LABEL, "transaction_id"} - rows[0].keys()
    if missing:
        raise BadData(f"{path} lacks the columns {sorted(missing)}")
    table = Table(
        numbers={name: np.array([float(row[name]) if row[name] else np.nan for row in rows]) for name in RANGES},
        categories={name: np.array([row[name] for row in rows]) for name in CATEGORICAL},
        label=np.array([float(row[LABEL]) for row in rows]),
        sha256=hashlib.sha256(plain).hexdigest(),
    )
    check(table, [row["transaction_id"] for row in rows])
    return table


def check(table: Table, ids: list[str]) -> None:
    """All data checks at once, so that one run names everything that is wrong. Raises BadData."""
    reasons = [reason for test in CHECKS for reason in test(table)]
    if len(set(ids)) != len(ids):
        reasons.append(f"{len(ids) - len(set(ids))} transaction ids occur twice")
    if reasons:
        raise BadData("; ".join(reasons))


def _size(table: Table) -> list[str]:
    return [f"{len(table)} rows, at least {MIN_ROWS} are needed"] if len(table) < MIN_ROWS else []


def _ranges(table: Table) -> list[str]:
    found = []
    for name, (low, high) in RANGES.items():
        values = table.numbers[name]
        known = values[~np.isnan(values)]
        outside = int(np.sum((known < low) | (known > high) | np.isinf(known)))
        if outside:
            found.append(f"{name}: {outside} values outside [{low:g}, {high:g}]")
    return found


def _nulls(table: Table) -> list[str]:
    found = []
    for name, values in table.numbers.items():
        rate = float(np.isnan(values).mean())
        limit = MAX_NULL_RATE if name in NULLABLE else 0.0
        if rate > limit:
            found.append(f"{name}: {rate:.1%} null, at most {limit:.0%} allowed")
    return found


def _categories(table: Table) -> list[str]:
    return [f"{name}: {np.sum(values == '')} empty values" for name, values in table.categories.items() if np.any(values == "")]


def _label(table: Table) -> list[str]:
    if not np.isin(table.label, (0.0, 1.0)).all():
        return ["is_fraud: values other than 0 and 1"]
    rate, (low, high) = float(table.label.mean()), FRAUD_RATE
    return [] if low <= rate <= high else [f"fraud rate {rate:.1%} outside [{low:.1%}, {high:.0%}]: a wrong join?"]


CHECKS: tuple[Callable[[Table], list[str]], ...] = (_size, _ranges, _nulls, _categories, _label)
