"""Feature engineering, used by training and serving alike so that the two cannot drift apart.

A transaction becomes a plain list of floats. What was learned from data (fill values, scale, known categories, cut points)
lives in the `encoder` part of the model artifact; this module holds only the recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from statistics import fmean, pstdev, quantiles
from typing import Any

TRANSACTION_NUMERIC = ("amount", "distance_km", "device_age_days", "minutes_since_last")
HISTORY_NUMERIC = ("avg_amount_30d", "tx_count_24h", "chargebacks_90d", "account_age_days")
DERIVED_HISTORY = ("amount_to_usual", "tx_count_24h", "chargebacks_90d", "account_age_days")
NULLABLE = ("distance_km", "device_age_days", "minutes_since_last")
CATEGORICAL = ("merchant_category", "channel", "country", "currency")
ENCODED_CATEGORICAL = ("merchant_category", "channel", "country")  # currency follows the country
REMOTE = frozenset(("online", "in_app"))  # the card is not present
LOG_FLOOR = 0.01

Row = Mapping[str, Any]
Encoder = Mapping[str, Any]


def _log(value: float) -> float:
    return log(value if value > LOG_FLOOR else LOG_FLOOR)


def _numeric(tx: Row, history: Row | None) -> dict[str, float | None]:
    """Transformed numeric inputs; None where the source is null. Money, distances and ages span decades, hence logs."""
    logs = {name: None if tx[name] is None else _log(tx[name]) for name in TRANSACTION_NUMERIC}
    if history is None:
        return logs
    usual = _log(history["avg_amount_30d"])
    return logs | {
        "amount_to_usual": _log(tx["amount"]) - usual,
        "tx_count_24h": min(history["tx_count_24h"], 15.0),
        "chargebacks_90d": min(history["chargebacks_90d"], 5.0),
        "account_age_days": _log(history["account_age_days"]),
    }


def encode(tx: Row, history: Row | None, encoder: Encoder) -> list[float]:
    """Model input in the order of `names(encoder)`. A null becomes the training mean plus an indicator; an unseen category all zeros."""
    raw = _numeric(tx, history)
    z: dict[str, float] = {}
    vector: list[float] = []
    scales = encoder["numeric"]
    for name, value in raw.items():
        mean, scale = scales[name]
        z[name] = scaled = 0.0 if value is None else min(6.0, max(-6.0, (value - mean) / scale))
        vector.append(scaled)
    vector.extend(1.0 if tx[name] is None else 0.0 for name in NULLABLE)
    for name in ENCODED_CATEGORICAL:
        value = tx[name]
        vector.extend([1.0 if value == category else 0.0 for category in encoder["categories"][name]])
    cuts = encoder["cuts"]
    remote = tx["channel"] in REMOTE
    vector.append(1.0 if remote and z["device_age_days"] < cuts["device_age_days"][0] else 0.0)
    spend = "amount" if history is None else "amount_to_usual"
    fast, slow = cuts["minutes_since_last"]
    small, large = cuts[spend]
    vector.append(1.0 if z["minutes_since_last"] < fast and z[spend] > large else 0.0)
    vector.append(1.0 if z["minutes_since_last"] > slow and z[spend] < small else 0.0)
    return vector


def names(encoder: Encoder) -> list[str]:
    """Human-readable names of the model's inputs, in the order of `encode`, whatever order a JSON file gave the encoder's keys."""
    numeric = (*TRANSACTION_NUMERIC, *(name for name in DERIVED_HISTORY if name in encoder["numeric"]))
    return [
        *numeric,
        *(f"{name}_missing" for name in NULLABLE),
        *(f"{name}={value}" for name in ENCODED_CATEGORICAL for value in encoder["categories"][name]),
        "new_device_card_absent", "fast_and_large", "slow_and_small",
    ]


def fit_encoder(rows: Sequence[tuple[Row, Row | None]], lower: float, upper: float, rare: float) -> dict[str, Any]:
    """Learn the encoder from (transaction, history) pairs.

    `lower` and `upper` are the quantiles where the interaction terms cut; categories rarer than `rare` are treated like unseen ones.
    """
    columns: dict[str, list[float]] = {}
    for tx, history in rows:
        for name, value in _numeric(tx, history).items():
            columns.setdefault(name, [])
            if value is not None:
                columns[name].append(value)
    numeric = {name: (round(fmean(values), 6), round(pstdev(values) or 1.0, 6)) for name, values in columns.items()}
    cuts = {}
    for name in ("device_age_days", "minutes_since_last", "amount", "amount_to_usual"):
        if name in columns:
            mean, scale = numeric[name]
            grid = quantiles(columns[name], n=100)
            cuts[name] = [round((grid[round(100 * q) - 1] - mean) / scale, 4) for q in (lower, upper)]
    categories = {}
    for name in ENCODED_CATEGORICAL:
        values = [tx[name] for tx, _ in rows]
        categories[name] = sorted(value for value in set(values) if values.count(value) >= rare * len(values))
    return {"numeric": numeric, "cuts": cuts, "categories": categories}
