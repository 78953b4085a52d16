from __future__ import annotations

import pytest

from checks.builders import cost, judge, level, sound_metrics


def taken(*costs):
    return sound_metrics().model_copy(update={"under_load": list(costs)})


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("cheap", taken(*[cost()] * 10)),
        ("cheap", taken(*[cost()] * 10, cost(5.0))),
        ("slow", taken(*[cost(0.4)] * 10)),
        ("slow", taken(*[cost(size=2_000_000)] * 10)),
        ("heavy", taken(*[cost(3.0)] * 10)),
        ("heavy", taken(*[cost()] * 8, *[cost(status=None)] * 2)),
        ("lost", taken(*[cost(10.0, 0, status=None)] * 5)),
        ("unknown", taken(*[cost(rps=0.0)] * 5)),
        ("unknown", taken()),
    ],
)
def test_the_median_of_the_scrapes_under_load_decides(expected, evidence):
    assert level("scrape_cost", metrics=evidence) == expected


def test_failed_scrapes_are_counted_aloud():
    assert "2 of 10 scrapes failed" in judge("scrape_cost", metrics=taken(*[cost()] * 8, *[cost(status=None)] * 2)).observed
