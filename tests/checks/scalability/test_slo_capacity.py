from __future__ import annotations

from itertools import pairwise

import pytest

from checks.builders import RULES, capacity, judge, level, load, stress, trial, window
from reports import words

BUSY = load(window("steady", over=300))
NOISY = "host noisy: other work took 20% of the candidate's core"


@pytest.mark.parametrize(
    ("expected", "rate"), [("spike", 2000.0), ("spike", 300.0), ("most", 201.0), ("steady", 102.0), ("none", 60.0), ("none", None)]
)
def test_the_level_follows_the_confirmed_rate(expected, rate):
    assert level("slo_capacity", load=BUSY, stress=stress(capacity(rate))) == expected


def test_a_disturbed_search_can_only_help():
    assert level("slo_capacity", load=BUSY, stress=stress(capacity(2000.0, void=NOISY))) == "spike"
    finding = judge("slo_capacity", load=BUSY, stress=stress(capacity(120.0, void=NOISY)))
    assert finding.level is None and finding.culprit == "host"
    finding = judge("slo_capacity", load=BUSY, stress=stress(capacity(None, void="generator limited: requests left 9 ms late")))
    assert finding.level is None and finding.culprit == "host"


def test_the_sentence_says_what_ended_the_search():
    assert "2200/s did not hold" in judge("slo_capacity", load=BUSY, stress=stress(capacity(2000.0))).observed
    endless = stress(capacity(5000.0, limited_by="highest_rate", failed_rps=None))
    assert "no more was tried" in judge("slo_capacity", load=BUSY, stress=endless).observed
    assert "no rate held" in judge("slo_capacity", load=BUSY, stress=stress(capacity(None))).observed


def test_the_ends_are_rates_that_were_tried_and_no_interval():
    (figure,) = judge("slo_capacity", load=BUSY, stress=stress(capacity(2000.0))).measures
    assert (figure.low, figure.high) == (2000.0, 2200.0)
    assert f"held and failed at 2000 {words.DASH} 2200" in words.sample(figure) and "interval" not in words.sample(figure)
    calm = load(window("steady"), window("spike", 3000, seconds=10.0))
    (figure,) = judge("slo_capacity", load=calm, stress=stress(capacity(None, failed_rps=200.0))).measures
    assert (figure.value, figure.high) == (300.0, None)  # a rate below it that failed bounds nothing


def test_more_capacity_never_earns_less():
    levels = [level("slo_capacity", load=BUSY, stress=stress(capacity(float(rate)))) for rate in range(10, 600, 10)]
    credits = [RULES["slo_capacity"].ladder[name].credit for name in levels]
    assert all(a <= b for a, b in pairwise(credits))


def test_what_held_before_the_search_wore_it_out_stays_true():
    calm = load(window("steady"), window("spike", 3000, seconds=10.0), window("ramp", 3000, seconds=5.0).model_copy(update={"rate_from_rps": 10.0}))
    worn = judge("slo_capacity", load=calm, stress=stress(capacity(None)))
    assert worn.level == "spike" and "a window at 300/s met the target" in worn.observed
    late = load(window("steady"), window("spike", 3000, seconds=10.0, over=300))
    assert level("slo_capacity", load=late, stress=stress(capacity(None))) == "none"


def by_fallbacks(share: float, *more):
    """Trials at 120 and 290/s that hold without a fallback, and a confirmation at 600/s with so many."""
    return capacity(600.0, trial(120.0), trial(290.0), *more, trial(600.0, phase="confirm", degraded=round(1200 * share)))


@pytest.mark.parametrize(("expected", "share"), [("spike", 0.0), ("spike", 0.09), ("most", 0.4), ("most", 1.0)])
def test_a_rate_that_is_reached_without_the_feature_store_is_not_its_capacity(expected, share):
    assert level("slo_capacity", load=BUSY, stress=stress(by_fallbacks(share))) == expected


def test_one_trial_with_fallbacks_below_what_was_confirmed_without_is_no_limit():
    assert level("slo_capacity", load=BUSY, stress=stress(by_fallbacks(0.0, trial(400.0, degraded=700)))) == "spike"


def test_a_spike_answered_by_fallbacks_shows_no_rate():
    flagged = load(window("steady", over=300), window("spike", 3000, seconds=10.0, degraded=2000))
    assert level("slo_capacity", load=flagged, stress=stress(capacity(None))) == "none"
    assert "by fallbacks" in judge("slo_capacity", load=BUSY, stress=stress(by_fallbacks(1.0))).observed


def untried(saturation: float):
    """A search that ended before its first trial."""
    return stress(capacity(None, saturation_rps=saturation).model_copy(update={"trials": [], "failed_rps": None}))


@pytest.mark.parametrize(("expected", "saturation"), [("unknown", 900.0), ("unknown", 110.0), ("none", 90.0), ("none", 0.0)])
def test_without_a_single_trial_only_a_service_that_could_not_hold_the_steady_rate_is_blamed(expected, saturation):
    assert level("slo_capacity", load=BUSY, stress=untried(saturation)) == expected
    assert level("slo_capacity", load=load(window("steady"), window("spike", 3000, seconds=10.0)), stress=untried(saturation)) == "spike"
