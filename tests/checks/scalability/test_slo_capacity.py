from __future__ import annotations

from itertools import pairwise

import pytest

from checks.builders import RULES, capacity, judge, level, load, stress, window

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
