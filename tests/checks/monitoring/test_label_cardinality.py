from __future__ import annotations

import pytest

from checks.builders import exposition, judge, level, metrics, scrape, sound_metrics


def labelled(label, values, name="fraud_seen_total"):
    return f"# TYPE {name} counter\n" + "".join(f'{name}{{{label}="{value}"}} 1\n' for value in values)


def stamped(at):
    return f'# TYPE fraud_last gauge\nfraud_last{{timestamp="{at}"}} 1\n'


GROWS = metrics(labelled("customer_id", range(40)), labelled("customer_id", range(600)))
CUT = metrics(labelled("transaction_id", range(1200)), labelled("transaction_id", range(2600)))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("bounded", sound_metrics()),
        ("bounded", metrics(exposition(0), exposition(3000) + labelled("category", range(20)))),
        ("large", metrics(labelled("merchant", range(1500)), labelled("merchant", range(1500)))),
        ("grows", GROWS),
        ("grows", CUT),
        ("grows", sound_metrics(*(scrape(f"idle_{i}", stamped(i)) for i in range(10)))),
        ("grows", metrics(exposition(0), labelled("transaction_id", (f"{i:0>200}" for i in range(9000))))),
        ("missing", metrics(None, None)),
        ("unknown", metrics(exposition(0), exposition(0), truths=[])),
    ],
)
def test_series_may_not_grow_with_the_traffic(expected, evidence):
    assert level("label_cardinality", metrics=evidence) == expected


@pytest.mark.parametrize(("evidence", "label"), [(GROWS, "customer_id"), (CUT, "transaction_id")])
def test_the_label_is_named(evidence, label):
    assert f"per value of the label {label!r}" in judge("label_cardinality", metrics=evidence).observed


def after_wrong_requests(label, values):
    around = scrape("before_malformed_input", exposition(3100)), scrape("after_malformed_input", exposition(3200) + labelled(label, values))
    return sound_metrics(*around)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("grows", after_wrong_requests("error", (f"value {i!r} is not a valid number" for i in range(60)))),
        ("bounded", after_wrong_requests("reason", ("not_json", "missing_field", "too_large", "wrong_type"))),
        ("bounded", after_wrong_requests("field", (f"field_{i}" for i in range(13)))),
    ],
    ids=["the error's own words", "a reason out of a list", "the field"],
)
def test_what_a_wrong_request_says_is_no_label(expected, evidence):
    assert level("label_cardinality", metrics=evidence) == expected
