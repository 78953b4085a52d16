from __future__ import annotations

import pytest

from checks.builders import alert, drift, judge, level


@pytest.mark.parametrize(
    ("expected", "fired"),
    [("prompt", [5000]), ("slow", [5001]), ("slow", [5999]), ("late", [6000]), ("late", [])],
)
def test_the_delay_counts_from_the_onset_at_3500(expected, fired):
    posts = [post for request in fired for post in alert("distance_km", request, 6600)]
    assert level("drift_delay", drift=drift(posts)) == expected


def test_credit_falls_linearly_between_the_bars():
    assert judge("drift_delay", drift=drift(alert("distance_km", 5500, 6600))).credit == 5000


def test_an_alert_that_is_always_up_answers_nothing():
    assert level("drift_delay", drift=drift(alert("distance_km", 100))) == "late"


def test_without_drift_nothing_can_be_said():
    assert level("drift_delay", drift=drift(kinds=[])) == "unknown"
