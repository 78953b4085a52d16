"""M/D/1 by formula against M/D/1 by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.theory import highest_rate, late_share


@pytest.mark.parametrize(("rho", "bound"), [(0.5, 4), (0.8, 6), (0.8, 10), (0.9, 8)])
def test_the_tail_is_that_of_a_simulated_queue(rho: float, bound: float) -> None:
    steps = 1 - np.random.default_rng(7).exponential(1 / rho, 2_000_000)
    walk = np.cumsum(steps)
    waits = walk - np.minimum.accumulate(np.minimum(walk, 0))  # Lindley's recursion
    assert late_share(rho, 1.0, bound) == pytest.approx(np.mean(waits + 1 > bound), rel=0.1)


def test_the_highest_rate_is_where_one_in_a_hundred_is_late() -> None:
    rate = highest_rate(1e-3, 0.1, 0.01)
    assert late_share(rate * 1e-3, 1e-3, 0.1) == pytest.approx(0.01, rel=1e-3)
    assert 970 < rate < 980


def test_a_tighter_bound_leaves_less() -> None:
    rates = [highest_rate(1e-3, bound, 0.01) for bound in (0.01, 0.02, 0.1, 1.0)]
    assert rates == sorted(rates)
    assert rates[-1] < 1000
