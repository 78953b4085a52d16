"""Drift of inputs and of scores: the last DRIFT_WINDOW requests against the training data.

Every test yields a ratio: statistic / critical value. Above 1 the feature has drifted. The error budget of one evaluation (ALPHA) is
split over all tests (Bonferroni), so that a service evaluated hundreds of times a day does not cry wolf; the tests are chosen to keep
their power at that level:
  values      Kolmogorov-Smirnov for any change of shape, and a rank-sum z-test, which sees small shifts that KS misses at n = 500
  nulls       binomial bound on the share of nulls (a KS test never sees the rows that are gone)
  categories  the same bound on the share of each known value and of all values never seen in training
  scores      KS and mean log odds of the model's own scores: prior shift, and combinations that no single input shows
History features are tested over distinct customers, since one busy customer is one observation of them, not ten.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist, fmean
from typing import Any

from fraud.features import CATEGORICAL, HISTORY_NUMERIC, NULLABLE, TRANSACTION_NUMERIC

ALPHA = 1e-4
FEWEST = 100  # values; below that no test has power worth its error budget
RESOLVE_BELOW = 0.9  # hysteresis: a statistic dancing around 1 must not flap
SCORE = "score"


@dataclass(frozen=True, slots=True)
class Observation:
    """What the monitor keeps of a request. `history` and `score` are None for degraded answers: another model, another distribution."""

    tx: Mapping[str, Any]
    history: Mapping[str, Any] | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Transition:
    """A feature that began to drift (`firing`) or stopped to (`resolved`)."""

    feature: str
    firing: bool
    ratio: float
    test: str


def logit(p: float) -> float:
    p = min(0.999999, max(0.000001, p))
    return log(p / (1 - p))


def build_reference(rows: Sequence[Observation], size: int) -> dict[str, Any]:
    """Summarise training rows for the artifact; numeric columns as at most `size` sorted quantiles."""
    seen: set[str] = set()
    firsts = [row for row in rows if not (row.tx["customer_id"] in seen or seen.add(row.tx["customer_id"]))]
    columns = {name: [row.tx[name] for row in rows if row.tx[name] is not None] for name in TRANSACTION_NUMERIC}
    columns |= {name: [row.history[name] for row in firsts if row.history] for name in HISTORY_NUMERIC}
    columns[SCORE] = [row.score for row in rows if row.score is not None]
    return {
        "rows": len(rows),
        "numeric": {name: {"n": len(values), "values": _thin(sorted(values), size)} for name, values in columns.items()},
        "nulls": {name: round(sum(row.tx[name] is None for row in rows) / len(rows), 6) for name in NULLABLE},
        "categories": {
            name: {value: round(count / len(rows), 6) for value, count in sorted(Counter(row.tx[name] for row in rows).items())}
            for name in CATEGORICAL
        },
    }


def _thin(ordered: list[float], size: int) -> list[float]:
    if len(ordered) <= size:
        return ordered
    return [ordered[int((i + 0.5) * len(ordered) / size)] for i in range(size)]


class DriftMonitor:
    """Holds the window, evaluates it every half window, and remembers what is firing. Not thread-safe, never blocks for long."""

    def __init__(self, reference: Mapping[str, Any], window: int, alpha: float = ALPHA) -> None:
        self.reference = reference
        self.rows: deque[Observation] = deque(maxlen=window)
        self.step = max(1, window // 2)
        self.since = 0
        self.ratios: dict[str, float] = dict.fromkeys((*TRANSACTION_NUMERIC, *HISTORY_NUMERIC, *CATEGORICAL, SCORE), 0.0)
        self.firing: set[str] = set()
        self._score_suspect = False
        shares = sum(len(known) + 1 for known in reference["categories"].values())
        tests = 2 * len(reference["numeric"]) + len(reference["nulls"]) + shares
        self.alpha = alpha / tests
        self._z = NormalDist().inv_cdf(1 - self.alpha / 2)
        self._ks = sqrt(-0.5 * log(self.alpha / 2))

    def observe(self, row: Observation) -> bool:
        """Take a row; True when an evaluation is due."""
        self.rows.append(row)
        self.since += 1
        return self.since >= self.step and len(self.rows) == self.rows.maxlen

    def evaluate(self) -> list[Transition]:
        """Evaluate at once (offline use). Serving walks `steps` instead, yielding to requests between features."""
        found: dict[str, tuple[float, str]] = {}
        for feature, ratio, test in self.steps():
            if ratio > found.get(feature, (-1.0, ""))[0]:
                found[feature] = (ratio, test)
        return self.conclude(found)

    def steps(self) -> Iterator[tuple[str, float, str]]:
        """(feature, ratio, test) one test at a time, each well under a millisecond, over a snapshot of the window."""
        rows = list(self.rows)
        self.since = 0
        for name in TRANSACTION_NUMERIC:
            yield name, self._values(name, [row.tx[name] for row in rows if row.tx[name] is not None]), "values"
        for name, share in self.reference["nulls"].items():
            yield name, self._share(sum(row.tx[name] is None for row in rows), len(rows), share), "nulls"
        customers = {row.tx["customer_id"]: row.history for row in rows if row.history is not None}
        for name in HISTORY_NUMERIC:
            yield name, self._values(name, [history[name] for history in customers.values()]), "values"
        for name, known in self.reference["categories"].items():
            counts = Counter(row.tx[name] for row in rows)
            unseen = sum(count for value, count in counts.items() if value not in known)
            worst = max(self._share(counts[value], len(rows), share) for value, share in known.items())
            yield name, worst, "shares"
            yield name, self._share(unseen, len(rows), 0.0), "new values"
        scores = [row.score for row in rows if row.score is not None]
        yield SCORE, max(self._values(SCORE, scores), self._mean_log_odds(scores)), "scores"

    def conclude(self, found: Mapping[str, tuple[float, str]]) -> list[Transition]:
        """Update gauges and firing state from the worst ratio per feature."""
        self.ratios = {name: round(ratio, 4) for name, (ratio, _) in found.items()}
        inputs_drift = any(ratio > 1 for name, (ratio, _) in found.items() if name != SCORE)
        changes = []
        for name, (ratio, test) in found.items():
            if name == SCORE:
                # Scores follow their inputs: they are news only while no input explains them, and at the second look.
                suspect = ratio > 1 and not inputs_drift and not (self.firing - {SCORE})
                fires, self._score_suspect = suspect and self._score_suspect, suspect
                over = not suspect and (ratio < RESOLVE_BELOW or inputs_drift)
            else:
                fires, over = ratio > 1, ratio < RESOLVE_BELOW
            if fires and name not in self.firing:
                self.firing.add(name)
                changes.append(Transition(name, True, ratio, test))
            elif over and name in self.firing:
                self.firing.discard(name)
                changes.append(Transition(name, False, ratio, test))
        return changes

    def _values(self, name: str, sample: Sequence[float]) -> float:
        """Worse of KS and rank-sum against the reference column, both from the sample's places in the reference."""
        reference, n = self.reference["numeric"][name]["values"], len(sample)
        if n < FEWEST:
            return 0.0
        m, size = self.reference["numeric"][name]["n"], len(reference)
        ordered = sorted(sample)
        distance = places = 0.0
        for i, value in enumerate(ordered):
            below, upto = bisect_left(reference, value) / size, bisect_right(reference, value) / size
            places += below + upto
            if i + 1 == n or ordered[i + 1] != value:  # the sample's step at `value` is complete
                distance = max(distance, abs((i + 1) / n - upto))
            if i == 0 or ordered[i - 1] != value:
                distance = max(distance, abs(i / n - below))
        spread = sqrt(1 / n + 1 / m)
        z = (places / (2 * n) - 0.5) / (spread / sqrt(12))
        return max(distance / (self._ks * spread), abs(z) / self._z)

    def _share(self, count: int, n: int, expected: float) -> float:
        """Chernoff bound on a share, valid for any n and share; the reference's own error counts through the harmonic size."""
        m = self.reference["rows"]
        p0 = min(1 - 1 / m, max(1 / m, expected))
        p = count / n
        divergence = (p * log(p / p0) if p else 0.0) + ((1 - p) * log((1 - p) / (1 - p0)) if p < 1 else 0.0)
        return (n * m / (n + m)) * divergence / log(2 / self.alpha)

    def _mean_log_odds(self, scores: Sequence[float]) -> float:
        if len(scores) < FEWEST:
            return 0.0
        reference = [logit(p) for p in self.reference["numeric"][SCORE]["values"]]
        centre = fmean(reference)
        spread = sqrt(fmean([(x - centre) ** 2 for x in reference]))
        sizes = sqrt(1 / len(scores) + 1 / self.reference["numeric"][SCORE]["n"])
        return abs(fmean([logit(p) for p in scores]) - centre) / (spread * sizes) / self._z
