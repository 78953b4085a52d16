"""When a gauge counts as moved: what luck alone does, drawn, and what "back" means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from checks.builders import drift
from grader.checks.analysis.gauges import moved, moved_gauges
from grader.checks.analysis.stretches import stretches

CONTROLS, LATER, DRAWS = 6, 4, 20_000
CLEAN: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "even": lambda rng, shape: rng.uniform(size=shape),
    "normal": lambda rng, shape: rng.normal(size=shape),
    "long tail": lambda rng, shape: rng.exponential(size=shape),
}


@pytest.mark.parametrize("noise", CLEAN)
def test_clean_windows_alone_move_a_gauge_in_less_than_one_percent_of_draws(noise):
    values = CLEAN[noise](np.random.default_rng(7), (DRAWS, CONTROLS + LATER + 1)).tolist()
    lucky = sum(moved(row[:CONTROLS], row[CONTROLS:-1], row[-1:]) for row in values)
    assert 0 < lucky / DRAWS < 0.007


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0.02, True), (0.15, True), (0.45, False), (0.8, False), (-0.3, True)],
    ids=["in its range", "out of it, on its way", "half way and more", "where the drift left it", "below it"],
)
def test_back_means_nearer_to_the_control_median_than_to_the_drift(after, expected):
    assert moved([0.01, 0.02, 0.03, 0.02, 0.01, 0.02], [0.8] * 4, [0.3, after]) is expected


def test_a_series_that_only_grows_does_not_come_back():
    assert not moved(list(range(6)), [20, 21, 22, 23], [24, 25])


@pytest.mark.parametrize("name", ['drift_p_value{feature="distance_km"}', 'ks_pvalue{feature="distance_km"}', "distance_km_p_val"])
def test_a_p_value_leaves_its_range_on_a_logarithmic_scale(name):
    clean = [0.9, 0.04, 0.55, 0.31, 0.72, 0.13, 0.48]
    evidence = drift(gauges=lambda window: {name: 1e-9 if window.phase == "drifted" else clean[window.index % 7]})
    assert moved_gauges(evidence, stretches(evidence)[0]) == [name]


def test_a_p_value_that_stays_spread_over_its_range_has_not_moved():
    clean = [0.9, 0.04, 0.55, 0.31, 0.72, 0.13, 0.48]
    evidence = drift(gauges=lambda window: {'drift_p_value{feature="distance_km"}': clean[window.index % 7]})
    assert moved_gauges(evidence, stretches(evidence)[0]) == []
