"""Two-sample statistics on the standard library. Each `*_ratio` is statistic / critical value at `alpha`: above 1 the samples differ."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby
from math import log, sqrt
from statistics import NormalDist

NORMAL = NormalDist()
LEAST_SHARE = 1e-4
"""Stands for an empty bin in PSI, which would be infinite."""


def ks_ratio(sample: Sequence[float], reference: Sequence[float], alpha: float) -> float:
    """Kolmogorov-Smirnov with the asymptotic critical value; `reference` ascending, ties allowed. 0 for an empty sample."""
    if not sample:
        return 0.0
    n, m, below, distance = len(sample), len(reference), 0, 0.0
    for value, same in groupby(sorted(sample)):
        upto = below + sum(1 for _ in same)
        distance = max(distance, abs(below / n - bisect_left(reference, value) / m), abs(upto / n - bisect_right(reference, value) / m))
        below = upto
    return distance / (sqrt(-log(alpha / 2) / 2) * sqrt(1 / n + 1 / m))


def rate_ratio(count: int, n: int, base_count: int, m: int, alpha: float) -> float:
    """Likelihood ratio of two shares: its signed root is near normal also for shares of 2 %, where a z-test cries wolf."""
    pooled = (count + base_count) / (n + m)
    cells = ((count, n * pooled), (n - count, n * (1 - pooled)), (base_count, m * pooled), (m - base_count, m * (1 - pooled)))
    g = 2 * sum(seen * log(seen / expected) for seen, expected in cells if seen)
    return sqrt(max(0.0, g)) / NORMAL.inv_cdf(1 - alpha / 2)


def chi2_ratio(sample: Sequence[Hashable], reference: Mapping[Hashable, int], alpha: float) -> float:
    """Two-sample chi-square over all values of either; the critical value after Wilson and Hilferty."""
    counts, n, m = Counter(sample), len(sample), sum(reference.values())
    values = {*counts, *reference}
    if len(values) < 2 or not n:
        return 0.0
    chi2 = sum((sqrt(m / n) * counts[v] - sqrt(n / m) * reference.get(v, 0)) ** 2 / (counts[v] + reference.get(v, 0)) for v in values)
    df = len(values) - 1
    return chi2 / (df * (1 - 2 / (9 * df) + NORMAL.inv_cdf(1 - alpha) * sqrt(2 / (9 * df))) ** 3)


def psi(sample: Mapping[Hashable, int], reference: Mapping[Hashable, int]) -> float:
    """Population stability index over the bins of either."""
    n, m, total = sum(sample.values()), sum(reference.values()), 0.0
    for key in {*sample, *reference}:
        p, q = max(sample.get(key, 0) / n, LEAST_SHARE), max(reference.get(key, 0) / m, LEAST_SHARE)
        total += (p - q) * log(p / q)
    return total
