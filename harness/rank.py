"""Do scores rank requests as the hidden truth does? What tells a prediction from a number that merely depends on the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEW = 30
"""Fewer scores say nothing about how they rank."""


def rank_correlation(scores: Sequence[float], truths: Sequence[float]) -> float | None:
    """Spearman's coefficient, ties with their mean rank; None for fewer than FEW values, 0 where either side is constant."""
    if len(scores) < FEW:
        return None
    a, b = _ranks(scores), _ranks(truths)
    if not (a.std() and b.std()):
        return 0.0
    return round(float(np.corrcoef(a, b)[0, 1]), 3)


def _ranks(values: Sequence[float]) -> np.ndarray:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2
