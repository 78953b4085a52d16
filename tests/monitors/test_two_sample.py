"""The statistics against figures known from elsewhere, so that a monitor called sound is."""

from __future__ import annotations

import random
from collections import Counter

from .adwin import Adwin
from .two_sample import chi2_ratio, ks_ratio, psi, rate_ratio


def test_ks_equals_one_at_the_distance_whose_asymptotic_p_is_alpha() -> None:
    """n = m = 1000: the tabled critical distance at 5 % is 1.358 sqrt(2 / 1000) = 0.0607."""
    reference = [i / 1000 for i in range(1000)]
    assert 0.98 < ks_ratio([value + 0.0607 for value in reference], reference, 0.05) < 1.02


def test_no_test_exceeds_its_error_budget_on_clean_samples() -> None:
    rng, trials, alpha = random.Random(1), 600, 0.05
    reference = sorted(rng.gauss(0, 1) for _ in range(6000))
    letters = Counter(rng.choices("abcde", (40, 30, 20, 9, 1), k=6000))
    false = Counter[str]()
    for _ in range(trials):
        false["ks"] += ks_ratio([rng.gauss(0, 1) for _ in range(500)], reference, alpha) > 1
        false["chi2"] += chi2_ratio(rng.choices("abcde", (40, 30, 20, 9, 1), k=500), letters, alpha) > 1
        false["rate"] += rate_ratio(sum(rng.random() < 0.02 for _ in range(500)), 500, 120, 6000, alpha) > 1
    assert max(false.values()) < 0.08 * trials and len(false) == 3


def test_psi_is_zero_on_the_same_shares_and_the_known_value_on_others() -> None:
    assert psi({"a": 50, "b": 50}, {"a": 500, "b": 500}) == 0
    assert abs(psi({"a": 60, "b": 40}, {"a": 50, "b": 50}) - 0.0405) < 1e-3


def test_adwin_drops_the_past_after_a_step_and_not_without_one() -> None:
    rng = random.Random(2)
    adwin = Adwin(0.002)
    assert not any(adwin.update(rng.gauss(0, 1)) for _ in range(5000))
    assert adwin.n == 5000 and abs(adwin.spread / adwin.n - 1) < 0.1
    assert sum(adwin.update(rng.gauss(0.6, 1)) for _ in range(400)) > 0
    assert adwin.n < 1000 and adwin.mean > 0.3
