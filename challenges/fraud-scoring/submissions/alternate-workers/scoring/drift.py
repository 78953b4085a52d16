"""Drift of inputs and of scores: the last DRIFT_WINDOW predictions of the service against the training data. Functions of arrays only.

Every test yields a ratio: statistic / critical value; above 1 the feature has drifted. The error budget of one evaluation is split over all
tests (Bonferroni), since the window is looked at hundreds of times a day.
  values      Kolmogorov-Smirnov for any change of shape, and a rank-sum z-test, which sees small shifts that KS misses at n = 500
  nulls       Chernoff bound on the share of nulls
  categories  the same bound on the share of each known value, and of all values that training never saw
  scores      as values, and the mean log odds: prior shift, and combinations that no single input shows
History features are tested over distinct customers: one busy customer is one observation of them, not ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.features import CATEGORICAL, HISTORY_NUMERIC, NULLABLE, TRANSACTION_NUMERIC

ALPHA = 1e-4
FEWEST = 100  # values; below that no test has power worth its error budget
RESOLVE_BELOW = 0.9  # hysteresis: a statistic dancing around 1 must not flap
SCORE = "score"
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """What the monitor sees of one prediction; `history` and `score` are None for a degraded one, which is of another distribution."""

    customer_id: str
    inputs: Mapping[str, Any]
    history: Mapping[str, Any] | None
    score: float | None


def build_reference(rows: Sequence[Row], size: int) -> dict[str, Any]:
    """Training data in short, for the artifact; numeric columns as at most `size` sorted quantiles."""
    customers = {row.customer_id: row.history for row in reversed(rows)}
    columns = {name: [row.inputs[name] for row in rows if row.inputs[name] is not None] for name in TRANSACTION_NUMERIC}
    columns |= {name: [history[name] for history in customers.values() if history] for name in HISTORY_NUMERIC}
    columns[SCORE] = [row.score for row in rows if row.score is not None]
    return {
        "rows": len(rows),
        "numeric": {name: {"n": len(values), "values": _thin(sorted(values), size)} for name, values in columns.items()},
        "nulls": {name: round(sum(row.inputs[name] is None for row in rows) / len(rows), 6) for name in NULLABLE},
        "categories": {
            name: {value: round(count / len(rows), 6) for value, count in sorted(Counter(row.inputs[name] for row in rows).items())}
            for name in CATEGORICAL
        },
    }


def _thin(ordered: list[float], size: int) -> list[float]:
    if len(ordered) <= size:
        return ordered
    return [ordered[int((i + 0.5) * len(ordered) / size)] for i in range(size)]


class Reference:
    """The artifact's reference, ready for tests."""

    def __init__(self, document: Mapping[str, Any], alpha: float = ALPHA) -> None:
        self.rows: int = document["rows"]
        self.numeric: dict[str, tuple[int, Values]] = {
            name: (column["n"], np.asarray(column["values"], dtype=float)) for name, column in document["numeric"].items()
        }
        self.nulls: Mapping[str, float] = document["nulls"]
        self.categories: Mapping[str, Mapping[str, float]] = document["categories"]
        tests = 2 * len(self.numeric) + len(self.nulls) + sum(len(known) + 1 for known in self.categories.values())
        self.alpha = alpha / tests
        self.z = NormalDist().inv_cdf(1 - self.alpha / 2)
        self.ks = float(np.sqrt(-0.5 * np.log(self.alpha / 2)))

    def ratios(self, rows: Sequence[Row]) -> dict[str, tuple[float, str]]:
        """Worst (ratio, name of its test) per feature, `score` among them."""
        found: dict[str, tuple[float, str]] = {}
        for name in TRANSACTION_NUMERIC:
            values = [row.inputs[name] for row in rows]
            found[name] = (self._values(name, [value for value in values if value is not None]), "values")
            if name in self.nulls:
                found[name] = max(found[name], (self._share(values.count(None), len(rows), self.nulls[name]), "nulls"))
        customers = {row.customer_id: row.history for row in rows if row.history}
        for name in HISTORY_NUMERIC:
            found[name] = (self._values(name, [history[name] for history in customers.values()]), "values")
        for name, known in self.categories.items():
            counts = Counter(row.inputs[name] for row in rows)
            shares = max(self._share(counts[value], len(rows), share) for value, share in known.items())
            unseen = sum(count for value, count in counts.items() if value not in known)
            found[name] = max((shares, "shares"), (self._share(unseen, len(rows), 0.0), "new values"))
        scores = [row.score for row in rows if row.score is not None]
        found[SCORE] = max((self._values(SCORE, scores), "values"), (self._mean_log_odds(scores), "mean"))
        return found

    def _values(self, name: str, sample: Sequence[float]) -> float:
        """The worse of KS and rank-sum, both from the sample's places in the reference."""
        n = len(sample)
        if n < FEWEST:
            return 0.0
        m, reference = self.numeric[name]
        ordered = np.sort(np.asarray(sample, dtype=float))
        below, upto = (np.searchsorted(reference, ordered, side) / len(reference) for side in ("left", "right"))
        # the sample's own distribution function just below and at each value, ties taken together
        own_below, own_upto = (np.searchsorted(ordered, ordered, side) / n for side in ("left", "right"))
        distance = max(np.abs(own_upto - upto).max(), np.abs(own_below - below).max())
        spread = np.sqrt(1 / n + 1 / m)
        z = abs((below + upto).mean() / 2 - 0.5) / (spread / np.sqrt(12))
        return float(max(distance / (self.ks * spread), z / self.z))

    def _share(self, count: int, n: int, expected: float) -> float:
        """Chernoff bound on a share, valid for any n and share; the reference's own error counts through the harmonic size."""
        m = self.rows
        p0, p = min(1 - 1 / m, max(1 / m, expected)), count / n
        divergence = (p * np.log(p / p0) if p else 0.0) + ((1 - p) * np.log((1 - p) / (1 - p0)) if p < 1 else 0.0)
        return float(n * m / (n + m) * divergence / np.log(2 / self.alpha))

    def _mean_log_odds(self, scores: Sequence[float]) -> float:
        if len(scores) < FEWEST:
            return 0.0
        m, values = self.numeric[SCORE]
        reference, sample = log_odds(values), log_odds(np.asarray(scores))
        spread = reference.std() * np.sqrt(1 / len(sample) + 1 / m)
        return float(abs(sample.mean() - reference.mean()) / spread / self.z)


def log_odds(p: Values) -> Values:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    odds: Values = np.log(p / (1 - p))
    return odds


@dataclass(frozen=True, slots=True)
class Change:
    """A feature that began to drift (`firing`) or stopped."""

    feature: str
    firing: bool
    ratio: float
    test: str


def conclude(found: Mapping[str, tuple[float, str]], firing: set[str], score_suspect: bool) -> tuple[list[Change], bool]:
    """What changed since `firing` was the truth, and whether the score is under suspicion now.

    Scores follow their inputs: they are news only while no input explains them, and at the second look.
    """
    inputs_drift = any(ratio > 1 for name, (ratio, _) in found.items() if name != SCORE)
    changes, suspect = [], False
    for name, (ratio, test) in found.items():
        if name == SCORE:
            suspect = ratio > 1 and not inputs_drift and not (firing - {SCORE})
            fires, over = suspect and score_suspect, not suspect and (ratio < RESOLVE_BELOW or inputs_drift)
        else:
            fires, over = ratio > 1, ratio < RESOLVE_BELOW
        if fires and name not in firing:
            changes.append(Change(name, True, ratio, test))
        elif over and name in firing:
            changes.append(Change(name, False, ratio, test))
    return changes, suspect
