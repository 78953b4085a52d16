"""Quality of served scores on labelled rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grader.schema.evidence import ModelQuality

Floats = NDArray[np.float64]


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half.

    Needs at least one row of each label (ValueError).
    """
    positive = np.asarray(labels) == 1
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        raise ValueError("AUC needs rows of both labels")
    _, place, count = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean squared distance of the score from the label; 0 is perfect, lower is better."""
    difference: Floats = np.asarray(scores, dtype=np.float64) - np.asarray(labels, dtype=np.float64)
    return float(np.mean(difference**2))


def measure(labels: ArrayLike, scores: ArrayLike, probabilities: ArrayLike) -> ModelQuality | None:
    """Quality of `scores` beside two marks: always answering the base rate, and the simulator's true probabilities.

    None when the rows hold no positive or no negative.
    """
    truth: Floats = np.asarray(labels, dtype=np.float64)
    positives = int(truth.sum())
    if not 0 < positives < len(truth):
        return None
    return ModelQuality(
        n=len(truth), positives=positives, auc=auc(truth, scores), brier=brier(truth, scores),
        base_brier=brier(truth, np.full(len(truth), positives / len(truth))), reference_auc=auc(truth, probabilities),
    )  # fmt: skip
