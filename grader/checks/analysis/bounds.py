"""Binomial statements, exact and without a library: how sure a count makes us."""

from __future__ import annotations

from math import exp, lgamma, log, log1p


def binomial_cdf(count: int, n: int, p: float) -> float:
    """P(X <= count) for X ~ Binomial(n, p), 0 < p < 1."""
    if count >= n:
        return 1.0
    terms = (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p) for k in range(count + 1))
    return min(1.0, sum(exp(term) for term in terms))


def upper_bound(count: int, n: int, confidence: float = 0.95) -> float:
    """The largest rate that `count` of n does not rule out at this confidence, one-sided (Clopper-Pearson)."""
    if n == 0 or count >= n:
        return 1.0
    low, high = count / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if binomial_cdf(count, n, middle) <= 1 - confidence else (middle, high)
    return high


def lower_bound(count: int, n: int, confidence: float = 0.95) -> float:
    """The smallest rate that `count` of n does not rule out at this confidence, one-sided."""
    return 1.0 - upper_bound(n - count, n, confidence)


def shows_share_below(slow: int, n: int, share: float, confidence: float) -> bool:
    """Do `slow` of n show, at this confidence, that the true share is below `share`? MLPerf's early stopping: 0 of 459, 10 of 2010 at 1 %."""
    return n > 0 and slow < n and binomial_cdf(slow, n, share) <= 1 - confidence
