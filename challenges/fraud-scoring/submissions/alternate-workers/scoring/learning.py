"""Late labels: does the serving model still fit, and would one trained on them be better? Functions of arrays only.

A model fits while its residuals are unrelated to its inputs. The score (Lagrange multiplier) test asks exactly that, per input:
z = sum((y - p) x) / sqrt(sum(p (1 - p) x^2)), ~ N(0, 1) under the model whatever the mix of inputs, so one threshold fits all traffic and
finds concept drift, which no look at inputs alone can.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import model

QUALITY_WINDOW = 1_000  # newest labels that are judged
FEWEST_LABELS = 500  # for a judgement
BATCH = 50  # labels that are checked and taken together
LABEL_RATE = 5.0  # times the training data's fraud rate: more in a batch is no fraud but a wrong join
TRIGGER_Z = 4.8  # worst of ~40 inputs, looked at again and again
ALL_CLEAR_Z = 4.0
TRAINING_LABELS = 700  # since the onset, before a challenger is tried: fewer gave none that was better
BETWEEN_ATTEMPTS = 300  # labels
MARGIN = 0.02  # a challenger must lower the Brier score by this share
RIDGE = 6.0  # prior of a weight around the present one: standard deviation 0.4
Array = NDArray[np.float64]


def probabilities(linear: model.Linear, x: Array) -> Array:
    p: Array = 1 / (1 + np.exp(-np.clip(x @ np.asarray(linear.weights) + linear.bias, -30, 30)))
    return p


def brier(linear: model.Linear, x: Array, y: Array) -> float:
    return float(np.mean((probabilities(linear, x) - y) ** 2))


def unskewed(z: Array, skewness: Array) -> Array:
    """|z| as a normal variable would have it, by Cornish and Fisher's first term: the frauds of a rare category are counted in single figures."""
    towards = np.maximum(np.sign(z) * skewness, 1e-6)  # in the thin tail |z| says no more than is true
    return (np.sqrt(1 + 2 * towards / 3 * (np.abs(z) + towards / 6)) - 1) / (towards / 3)


def misfit(linear: model.Linear, x: Array, y: Array) -> tuple[float, int]:
    """(worst |z|, index of its input; the intercept comes after the last input)."""
    p, full = probabilities(linear, x), np.column_stack([x, np.ones(len(x))])
    slope, variance, third = (y - p) @ full, (p * (1 - p)) @ full**2, (p * (1 - p) * (1 - 2 * p)) @ full**3
    # under 2 expected frauds' worth of variance one odd row would decide
    enough = np.maximum(variance, 2.0)
    z = np.where(variance > 2.0, unskewed(slope / np.sqrt(enough), third / enough**1.5), 0.0)
    return float(z.max()), int(z.argmax())


def onset(linear: model.Linear, x: Array, y: Array, blamed: int) -> int:
    """How many of the newest rows lie after the change: where the blamed input's misfit, summed backwards, is largest."""
    p, column = probabilities(linear, x)[::-1], np.column_stack([x, np.ones(len(x))])[::-1, blamed]
    slope, variance = np.cumsum((y[::-1] - p) * column), np.cumsum(p * (1 - p) * column**2)
    z = np.where(variance > 2.0, np.abs(slope) / np.sqrt(np.maximum(variance, 2.0)), 0.0)[BATCH - 1 :: BATCH]
    return BATCH * (int(z.argmax()) + 1) if len(z) else len(x)


def fit(start: model.Linear, x: Array, y: Array, steps: int = 12) -> model.Linear:
    """Logistic regression by Newton's method, with a normal prior around the weights of `start`."""
    x1, anchor = np.column_stack([x, np.ones(len(x))]), np.array([*start.weights, start.bias])
    penalty = np.full(len(anchor), RIDGE)
    penalty[-1] = 0.1
    w = anchor.copy()
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x1 @ w, -30, 30)))
        gradient = x1.T @ (y - p) - penalty * (w - anchor)
        hessian = (x1 * (p * (1 - p))[:, None]).T @ x1 + np.diag(penalty)
        w = w + np.linalg.solve(hessian, gradient)
    return replace(start, weights=tuple(round(float(v), 6) for v in w[:-1]), bias=round(float(w[-1]), 6))


def challenge(champion: model.Model, x: Array, y: Array) -> tuple[model.Model | None, dict[str, Any]]:
    """(successor or None, the facts): two halves judge each other's challenger, and the one promoted is fitted on all rows."""
    halves = (slice(0, None, 2), slice(1, None, 2))
    rivals = [fit(champion.full, x[half], y[half]) for half in halves]
    before = brier(champion.full, x, y)
    errors = [(probabilities(rival, x[other]) - y[other]) ** 2 for rival, other in zip(rivals, reversed(halves), strict=True)]
    after = float(np.concatenate(errors).mean())
    facts = {"champion": champion.version, "champion_brier": round(before, 5), "challenger_brier": round(after, 5), "labels": len(y)}
    better = after <= before * (1 - MARGIN)
    return (succeed(champion, fit(champion.full, x, y), facts) if better else None), facts


def succeed(champion: model.Model, full: model.Linear, facts: dict[str, Any]) -> model.Model:
    """A new artifact: the challenger's weights, the champion's everything else, and lineage back to it."""
    old = champion.document
    document = {
        **old,
        "full": {**old["full"], "weights": list(full.weights), "bias": full.bias},
        "metrics": {**old["metrics"], "feedback": {key: value for key, value in facts.items() if key != "champion"}},
        "lineage": {
            **old["lineage"],
            "parent": {"version": champion.version, "digest": champion.digest},
            "shipped": old["lineage"].get("shipped", champion.digest),  # after a rollout of another artifact this one has no claim
        },
    }
    document["version"] = f"{champion.version.split('+')[0]}+fb.{model.digest(document)[:8]}"
    document["digest"] = model.digest(document)
    return replace(champion, version=document["version"], digest=document["digest"], full=full, document=document)
