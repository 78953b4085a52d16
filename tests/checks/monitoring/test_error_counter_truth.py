from __future__ import annotations

import pytest

from checks.builders import counters, exposition, judge, level, metrics, scrape, truth


def around(before, after, statuses=None):
    """Twenty wrong requests between two scrapes."""
    told = truth("before_errors", "after_errors", 20, statuses=statuses or {"422": 20})
    return metrics(None, None, scrape("before_errors", before), scrape("after_errors", after), truths=[told])


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("true", around(exposition(5), exposition(5, 20))),
        ("apart", around(counters(fraud_predictions_total=5, fraud_errors_total=0), counters(fraud_predictions_total=5, fraud_errors_total=20))),
        ("blind", around(exposition(5), exposition(25))),
        ("blind", around(counters(fraud_predictions_total=5), counters(fraud_predictions_total=25))),
        ("blind", around(None, None)),
        ("blind", around(exposition(5), exposition(25), {"200": 20})),
        ("unknown", metrics(exposition(0), exposition(10))),
    ],
)
def test_wrong_requests_must_show_as_errors(expected, evidence):
    assert level("error_counter_truth", metrics=evidence) == expected


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (around(exposition(5), exposition(5)), "only successes are counted"),
        (around(exposition(5), exposition(25)), "counts them as successes"),
        (around(exposition(5), exposition(5, 40)), "counted twice"),
    ],
)
def test_a_lie_is_called_by_its_name(evidence, said):
    assert said in judge("error_counter_truth", metrics=evidence).observed


def test_a_status_class_counts_as_a_status():
    text = '# TYPE http_requests_total counter\nhttp_requests_total{{handler="/predict",status="4xx"}} {n}\n'
    assert level("error_counter_truth", metrics=around(text.format(n=0), text.format(n=20))) == "true"
