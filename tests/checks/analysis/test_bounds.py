from __future__ import annotations

import pytest

from grader.checks.analysis.bounds import binomial_cdf, lower_bound, shows_share_below, upper_bound


@pytest.mark.parametrize(("slow", "n"), [(0, 459), (1, 662), (2, 838), (5, 1307), (10, 2010)])
def test_early_stopping_has_the_published_table(slow, n):
    assert shows_share_below(slow, n, 0.01, 0.99)
    assert not shows_share_below(slow, n - 1, 0.01, 0.99)


def test_nothing_shows_nothing():
    assert not shows_share_below(0, 0, 0.01, 0.99)
    assert not shows_share_below(500, 500, 0.01, 0.99)


@pytest.mark.parametrize(("count", "n", "bound"), [(0, 6, 0.393), (1, 6, 0.582), (6, 6, 1.0), (0, 0, 1.0), (0, 3000, 0.000998)])
def test_the_upper_bound_is_clopper_pearson(count, n, bound):
    assert upper_bound(count, n) == pytest.approx(bound, abs=1e-3)


@pytest.mark.parametrize(("count", "n", "bound"), [(6, 6, 0.607), (3, 3, 0.368), (0, 6, 0.0), (2, 4, 0.098)])
def test_the_lower_bound_mirrors_it(count, n, bound):
    assert lower_bound(count, n) == pytest.approx(bound, abs=1e-3)


def test_the_cdf_sums_to_one():
    assert binomial_cdf(10, 10, 0.3) == 1.0
    assert binomial_cdf(0, 3000, 0.01) == pytest.approx(0.99**3000)
