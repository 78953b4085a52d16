from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, dependency, exposition, faults, level, metrics, scrape

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
