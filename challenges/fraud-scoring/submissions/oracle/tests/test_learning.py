from math import exp, factorial
from statistics import NormalDist

import pytest

from fraud.learning import unskewed


@pytest.mark.parametrize(("expected", "frauds"), [(2.0, 9), (4.0, 13), (20.0, 40)])
def test_counts_of_rare_frauds_are_as_surprising_as_they_are(expected, frauds):
    """Against the Poisson tail, half of the count itself to either side."""
    tail = 1 - sum(exp(-expected) * expected**k / factorial(k) for k in range(frauds)) - 0.5 * exp(-expected) * expected**frauds / factorial(frauds)
    truth = NormalDist().inv_cdf(1 - tail)
    z = (frauds - expected) / expected**0.5
    assert abs(unskewed(z, expected**-0.5) - truth) < 0.2 < z - truth


def test_a_symmetric_sum_is_left_as_it_is():
    assert unskewed(4.8, 0.0) == unskewed(-4.8, 0.0) == pytest.approx(4.8)
