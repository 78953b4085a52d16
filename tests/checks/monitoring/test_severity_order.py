from __future__ import annotations

import numpy as np
import pytest

from checks.builders import drift, level


def gauge(calm: float, by_run: dict[int, float], name: str = 'drift_score{feature="distance_km"}'):
    """A gauge that has one value on clean data and one per run under its drift."""
    return lambda window: {name: by_run[window.run] if window.phase == "drifted" else calm + window.index % 3 / 1000}


CURVE = ["covariate 0.5", "covariate 0.25", "covariate 1.0"]


@pytest.mark.parametrize(
    ("expected", "values"),
    [("ordered", {0: 0.3, 1: 0.1, 2: 0.7}), ("flat", {0: 1.0, 1: 1.0, 2: 1.0}), ("unordered", {0: 0.3, 1: 0.6, 2: 0.7})],
)
def test_the_gauge_is_held_against_the_severity_and_not_against_the_order_in_time(expected, values):
    assert level("severity_order", drift=drift(kinds=CURVE, gauges=gauge(0.01, values))) == expected


def test_a_p_value_that_falls_and_saturates_is_in_order():
    assert level("severity_order", drift=drift(kinds=CURVE, gauges=gauge(0.5, {0: 0.0001, 1: 0.2, 2: 0.0}))) == "ordered"


def test_a_gauge_of_another_input_does_not_count():
    moving = gauge(0.01, {0: 0.3, 1: 0.1, 2: 0.7}, name='drift_score{feature="amount"}')
    assert level("severity_order", drift=drift(kinds=CURVE, gauges=moving)) == "missing"
    assert level("severity_order", drift=drift(kinds=CURVE)) == "missing"


def test_one_severity_says_nothing_about_order():
    assert level("severity_order", drift=drift(kinds=["covariate", "unit"])) == "unknown"


def test_a_flag_beside_a_statistic_does_not_stand_in_for_it():
    statistic, flag = gauge(0.2, {0: 1.5, 1: 0.6, 2: 2.6}), 'drift_alert{feature="distance_km"}'
    both = drift(kinds=CURVE, gauges=lambda window: statistic(window) | {flag: float(window.phase == "drifted")})
    assert level("severity_order", drift=both) == "ordered"
    alone = drift(kinds=CURVE, gauges=lambda window: {flag: float(window.phase == "drifted")})
    assert level("severity_order", drift=alone) == "flat"


def noisy(levels, spread, seed):
    """A gauge that wobbles around one level per run, and around 0.3 in calm."""
    rng = np.random.default_rng(seed)

    def read(window):
        return {'drift_score{feature="distance_km"}': (levels[window.run] if window.phase == "drifted" else 0.3) + spread * float(rng.normal())}

    return read


def test_a_gauge_that_saturates_noisily_is_not_blamed_for_the_luck_of_a_window():
    """Equal under 0.25 and 0.5, the most that a monotone gauge can look out of order: four windows each, as few as are ever streamed."""
    found = [level("severity_order", drift=drift(kinds=CURVE, gauges=noisy({0: 2.0, 1: 2.0, 2: 4.0}, 0.1, seed))) for seed in range(300)]
    assert "unordered" not in found


def test_within_the_sum_of_its_spreads_a_fall_is_chance_once_in_many_thousands():
    rng = np.random.default_rng(5)
    calm, weak, strong = (rng.uniform(size=(100_000, n)) for n in (6, 4, 4))
    fall = np.median(weak, axis=1) - np.median(strong, axis=1)
    assert np.mean(fall > sum(np.ptp(windows, axis=1) for windows in (calm, weak, strong))) < 1e-4


def test_a_gauge_that_falls_far_beyond_its_noise_is_out_of_order():
    assert level("severity_order", drift=drift(kinds=CURVE, gauges=noisy({0: 2.0, 1: 3.0, 2: 4.0}, 0.05, 1))) == "unordered"
