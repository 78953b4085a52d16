from __future__ import annotations

import pytest

from checks.builders import alert, drift, level
from checks.monitoring.drift_cases import cases

NAMES_ONE = ("guessing", "silent")
"""Levels that hang on which input is blamed: a shifted base rate has none."""
CASES = [(expected, evidence) for expected, evidence in cases("prior") if expected not in NAMES_ONE]


LEVELS = {"alerted", "ruled", "pending", "restless", "lingering", "passing", "measured", "guessing", "always_on", "silent"}


@pytest.mark.parametrize(("expected", "evidence"), CASES)
def test_the_level_follows_what_was_heard_and_when(expected, evidence):
    assert level("drift_prior", **evidence) == expected


def test_every_level_but_those_is_reached_by_a_case():
    assert LEVELS - set(NAMES_ONE) <= {expected for expected, _ in CASES}


@pytest.mark.parametrize("feature", ["", "score", "amount"])
def test_whatever_an_alert_blames_it_may_be_a_shifted_base_rate(feature):
    _, evidence = CASES[0]
    posts = evidence["drift"].model_copy(update={"alerts": []})
    told = [a.model_copy(update={"labels": {"feature": feature}}) for a in evidence["drift"].alerts]
    assert level("drift_prior", **evidence | {"drift": posts}) == "silent"
    assert level("drift_prior", **evidence | {"drift": posts.model_copy(update={"alerts": told})}) == "alerted"


def test_alarms_that_are_mostly_wrong_say_nothing():
    clean = [post for request in (700, 1700, 2700) for post in alert("", request, request + 100)]
    evidence = next(evidence for expected, evidence in CASES if expected == "alerted")
    assert level("drift_prior", **evidence | {"drift": drift([*clean, *alert("", 4100, 6600)], kinds=["prior"])}) == "guessing"
