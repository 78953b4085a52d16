from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, counters, dependency, exposition, faults, level, metrics, scrape

BROKEN = faults(dependency())


def around(before, after):
    return metrics(None, None, scrape("before_dependency_slow", before), scrape("after_dependency_slow", after))


@pytest.mark.parametrize(
    ("expected", "evidence", "broken"),
    [
        ("counts", around(exposition(), exposition(fallbacks=300)), BROKEN),
        ("still", around(exposition(), exposition(fallbacks=100)), BROKEN),
        ("still", around(exposition(), exposition()), BROKEN),
        ("missing", around(None, None), BROKEN),
        ("missing", metrics(), faults(dependency(failure=CANDIDATE))),
        ("unknown", metrics(), BROKEN),
        ("unknown", metrics(), faults()),
    ],
)
def test_the_counter_follows_the_280_degraded_answers(expected, evidence, broken):
    assert level("fallback_metric", metrics=evidence, faults=broken) == expected


@pytest.mark.parametrize(
    ("expected", "counted"),
    [("counts", {"fraud_fallbacks_total": 280}), ("counts", {"fraud_fallbacks_total": 420}), ("still", {"fraud_fallbacks_total": 900}),
     ("counts", {"fraud_fallbacks_total": 280, "feature_fallback_checks_total": 900})],
    ids=["each answer", "retries too", "every request", "of two counters one is right"],
)  # fmt: skip
def test_a_counter_that_counts_every_request_counts_no_fallbacks(expected, counted):
    before, after = counters(**dict.fromkeys(counted, 0)), counters(**counted)
    assert level("fallback_metric", metrics=around(before, after), faults=BROKEN) == expected
