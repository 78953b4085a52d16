"""What normal traffic looks like: the part of the artifact that the drift monitor compares with."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.data import CATEGORICAL, NULLABLE, Table
from pipeline.encoding import logs

COUNTS = ("tx_count_24h", "chargebacks_90d")


def _numeric(values: np.ndarray, scale: str, bins: int) -> dict[str, Any]:
    """Mean and standard deviation of the (log) values, quantile edges, and the share of rows below each edge (ties make it uneven)."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.round(np.quantile(known, np.arange(1, bins) / bins), 6))
    share = np.histogram(known, bins=[-np.inf, *edges, np.inf])[0] / len(known)
    return {
        "scale": scale,
        "mean": round(float(known.mean()), 6),
        "std": round(float(known.std()), 6),
        "null_rate": round(float(np.isnan(values).mean()), 6),
        "edges": [float(edge) for edge in edges],
        "share": [round(float(value), 6) for value in share],
    }


def build(table: Table, logits: np.ndarray, bins: int) -> dict[str, Any]:
    """Reference of every input and of the score (as log-odds, where it is close to bell-shaped)."""
    numeric = {}
    for name, values in table.numbers.items():
        scale = "log1p" if name in COUNTS else "log"
        numeric[name] = _numeric(np.log1p(values) if scale == "log1p" else logs(values), scale, bins)
    categorical = {}
    for name in CATEGORICAL:
        levels, counts = np.unique(table.categories[name], return_counts=True)
        categorical[name] = {str(level): round(float(count) / len(table), 6) for level, count in zip(levels, counts, strict=True)}
    return {
        "rows": len(table),
        "nullable": list(NULLABLE),
        "numeric": numeric,
        "categorical": categorical,
        "score": _numeric(logits, "logit", bins),
    }
