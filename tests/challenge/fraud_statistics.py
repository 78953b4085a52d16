"""The statistics that the tests of the fraud simulator need, on numpy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from challenges.simulator import Row

NUMERIC = ("amount", "distance_km", "device_age_days", "minutes_since_last")
CATEGORICAL = ("merchant_category", "channel", "country")
HISTORY = ("avg_amount_30d", "tx_count_24h", "chargebacks_90d", "account_age_days")

Floats = NDArray[np.float64]


def column(rows: Sequence[Row], name: str) -> Floats:
    """A request field or feature as floats, null as nan; shape (rows,)."""
    values = [row.request[name] if name in row.request else row.features[name] for row in rows]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def labels(rows: Sequence[Row]) -> Floats:
    return np.array([row.label for row in rows], dtype=np.float64)


def truth(rows: Sequence[Row]) -> Floats:
    return np.array([row.probability for row in rows])


def auc(y: Floats, score: Floats) -> float:
    """Area under the ROC curve; scores are taken to have no ties."""
    rank = np.argsort(np.argsort(score)) + 1
    ones = y.sum()
    return float((rank[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))


def brier(y: Floats, p: Floats) -> float:
    return float(np.mean((p - y) ** 2))


class Logistic:
    """A plain logistic regression on logs and one-hot categories, with or without the feature store's columns."""

    def __init__(self, rows: Sequence[Row], history: bool) -> None:
        self.history = history
        self.values = {name: sorted({str(row.request[name]) for row in rows}) for name in CATEGORICAL}
        x, y = self._matrix(rows), labels(rows)
        self.weights = np.zeros(x.shape[1])
        for _ in range(20):
            p = 1 / (1 + np.exp(-x @ self.weights))
            hessian = (x * (p * (1 - p))[:, None]).T @ x + np.eye(x.shape[1])
            self.weights += np.linalg.solve(hessian, x.T @ (y - p) - self.weights)

    def _matrix(self, rows: Sequence[Row]) -> Floats:
        columns = [np.ones(len(rows))]
        for name in NUMERIC + (HISTORY if self.history else ()):
            logs = np.log1p(column(rows, name))
            columns.append(np.where(np.isnan(logs), np.nanmedian(logs), logs) / 3)
        columns += [np.array([row.request[name] == value for row in rows], dtype=np.float64) for name in CATEGORICAL for value in self.values[name]]
        return np.column_stack(columns)

    def predict(self, rows: Sequence[Row]) -> Floats:
        return np.asarray(1 / (1 + np.exp(-self._matrix(rows) @ self.weights)))


def windows(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    return [rows[i : i + size] for i in range(0, len(rows) - size + 1, size)]


def ks_p(a: Floats, b: Floats) -> float:
    """Two-sided p-value of the two-sample Kolmogorov-Smirnov test, asymptotic; nan is left out."""
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    both = np.concatenate([a, b])
    distance = float(np.max(np.abs(np.searchsorted(a, both, side="right") / len(a) - np.searchsorted(b, both, side="right") / len(b))))
    root = np.sqrt(len(a) * len(b) / (len(a) + len(b)))
    k = np.arange(1, 101)
    return float(np.clip(2 * np.sum((-1.0) ** (k - 1) * np.exp(-2 * (k * root * distance) ** 2)), 0, 1)) if root * distance > 0.2 else 1.0


def ks_bonferroni(reference: Sequence[Row], window: Sequence[Row], alpha: float = 0.05) -> set[str]:
    """Numeric inputs that a KS test with Bonferroni's correction calls drifted: request and feature-store columns, 8 in all."""
    names = NUMERIC + HISTORY
    return {name for name in names if ks_p(column(reference, name), column(window, name)) < alpha / len(names)}


def psi(reference: Floats, window: Floats, bins: int = 10) -> float:
    """Population stability index over the reference's deciles; nan is left out."""
    edges = np.quantile(reference[~np.isnan(reference)], np.linspace(0, 1, bins + 1)[1:-1])
    shares = [np.bincount(np.searchsorted(edges, x[~np.isnan(x)]), minlength=bins) / (~np.isnan(x)).sum() + 1e-4 for x in (reference, window)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def more_nulls(reference: Sequence[Row], window: Sequence[Row], z: float = 3.0) -> set[str]:
    """Inputs whose share of nulls in the window is beyond `z` standard errors of the reference's."""
    found = set()
    for name in NUMERIC:
        before, now = np.isnan(column(reference, name)).mean(), np.isnan(column(window, name)).mean()
        if now - before > z * np.sqrt(max(before, 1e-3) / len(window)):
            found.add(name)
    return found
