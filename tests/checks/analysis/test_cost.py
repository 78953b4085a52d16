"""From a rate to money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.builders import CHALLENGE, PRICES, capacity, load, resources, stress, window
from grader.checks.analysis.cost import basis, cpu_ms_per_prediction, machine_hour, money, per_million, sum_in_words

LIMITS = CHALLENGE.limits


def test_the_whole_machine_is_charged_for_the_share_that_it_serves():
    assert machine_hour(PRICES, LIMITS) == pytest.approx(0.04 + 0.5 * 0.0045)
    assert per_million(PRICES, LIMITS, 1000) == pytest.approx(0.04225 / 1.8)
    assert "(1 vCPU x 0.04 + 0.5 GiB x 0.0045) USD an hour for 1.8 million predictions (1000/s x 50% x 3600 s)" in sum_in_words(PRICES, LIMITS, 1000)


@given(st.floats(0.1, 1e5), st.floats(0.1, 1e5))
def test_cost_never_rises_with_capacity(one, other):
    less, more = sorted((one, other))
    assert per_million(PRICES, LIMITS, more) <= per_million(PRICES, LIMITS, less)


@pytest.mark.parametrize(("value", "text"), [(0.01173, "USD 0.0117"), (3, "USD 3"), (12.345, "USD 12.3"), (1234.5, "USD 1,234")])
def test_money_has_three_digits_that_count(value, text):
    assert money(PRICES, value) == text


def test_what_a_cost_is_reckoned_at():
    sent = load(window("steady", use=resources(cpu_seconds=6.0)))
    held = basis(stress(capacity(800)), sent, CHALLENGE)
    assert held is not None and (held.rate_rps, held.confirmed, held.at_least) == (800, True, False)
    more = basis(stress(capacity(800, limited_by="generator")), sent, CHALLENGE)
    assert more is not None and more.at_least
    void = basis(stress(capacity(800, void="noise", cpu_ms_per_request=None)), sent, CHALLENGE)
    assert void is not None and (void.rate_rps, void.confirmed) == (pytest.approx(500), False) and "noise" in void.says
    assert basis(stress(capacity(void="noise", cpu_ms_per_request=None)), load(), CHALLENGE) is None


def test_cpu_time_is_read_under_full_load_where_it_was_measured():
    sent = load(window("steady", use=resources(cpu_seconds=6.0)))
    assert cpu_ms_per_prediction(stress(capacity(cpu_ms_per_request=0.3)), sent) == 0.3
    assert cpu_ms_per_prediction(stress(capacity(cpu_ms_per_request=None)), sent) == pytest.approx(2.0)
    assert cpu_ms_per_prediction(stress(capacity(cpu_ms_per_request=None)), load()) is None
