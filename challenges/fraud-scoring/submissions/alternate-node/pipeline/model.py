"""Logistic regression by Newton's method, and the measures it is judged by."""

from __future__ import annotations

import numpy as np

STEPS = 30


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """P(fraud); logits beyond +-30 are cut, as in serving."""
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))


def fit(x: np.ndarray, y: np.ndarray, ridge: float) -> np.ndarray:
    """Weights of shape (1 + columns,), the intercept first and not penalised. Deterministic: no random start, no batches."""
    x = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = sigmoid(x @ weights)
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty), x.T @ (y - p) - penalty * weights)
        weights += step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def logit(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Log-odds per row."""
    return weights[0] + x @ weights[1:]


def cross_validated(x: np.ndarray, y: np.ndarray, ridge: float, folds: int, seed: int) -> np.ndarray:
    """P(fraud) of every row from a model that has not seen it."""
    fold = np.random.default_rng(seed).permutation(len(y)) % folds
    p = np.zeros(len(y))
    for k in range(folds):
        p[fold == k] = sigmoid(logit(x[fold == k], fit(x[fold != k], y[fold != k], ridge)))
    return p


def measures(p: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Brier score, its skill over the base rate, the Brier score the model itself expects, AUC, the mean score beside the fraud rate.

    `slope_gap` is the mean of residual times centred log-odds: 0 when fraud follows the score exactly as far as it says (src/quality.js).
    """
    rate = y.mean()
    brier = float(np.mean((p - y) ** 2))
    ranks = np.empty(len(p))
    ranks[p.argsort(kind="stable")] = np.arange(1, len(p) + 1)
    frauds = y.sum()
    auc = (ranks[y == 1].sum() - frauds * (frauds + 1) / 2) / (frauds * (len(y) - frauds))
    skill = 1 - brier / (rate * (1 - rate))
    log_odds = np.log(p / (1 - p))
    slope_gap = ((y - p) * (log_odds - log_odds.mean())).mean()
    found = {"brier": brier, "brier_skill": skill, "auc": auc, "expected_brier": (p * (1 - p)).mean(), "slope_gap": slope_gap, "mean_score": p.mean(), "fraud_rate": rate}
    return {name: round(float(value), 5) for name, value in found.items()}
