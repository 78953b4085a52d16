from __future__ import annotations

import pytest

from checks.builders import exposition, judge, level, metrics, sound_metrics, summary


def histogram(count, each, bounds, name="fraud_request_latency_seconds", *, last=None, falls=False):
    """`count` observations of `each` seconds under the given bounds; `last` stands in +Inf instead of the count."""
    counts = [count if bound >= each else 0 for bound in bounds]
    counts = counts[::-1] if falls else counts
    lines = "".join(f'{name}_bucket{{le="{bound}"}} {n}\n' for bound, n in zip(bounds, counts, strict=True))
    whole = f'{name}_bucket{{le="+Inf"}} {count if last is None else last}\n'
    return f"# TYPE {name} histogram\n{lines}{whole}{name}_sum {count * each}\n{name}_count {count}\n"


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("true", sound_metrics()),
        ("blunt", metrics(histogram(0, 0.005, FINE := (0.005,)), histogram(3000, 0.005, FINE))),
        ("flat", metrics(summary("fraud_request_seconds", 0, 0.005), summary("fraud_request_seconds", 3000, 0.005))),
        ("wrong_unit", metrics(exposition(0), exposition(3000, latency_sum=15_000))),
        ("wrong_unit", metrics(summary("request_latency_ms", 0, 5), summary("request_latency_ms", 3000, 5))),
        ("untrue", metrics(exposition(0), exposition(3000, latency_sum=60))),
        ("untrue", metrics(exposition(0), exposition(1000))),
        ("untrue", metrics(exposition(0), exposition(3000), mean_latency_ms=80.0)),
        ("missing", metrics(exposition(3000), exposition(3000))),
        ("missing", metrics()),
        ("unknown", metrics(exposition(0), exposition(0), truths=[])),
    ],
)
def test_the_mean_is_held_against_the_client_s_6_ms(expected, evidence):
    assert level("latency_histogram_truth", metrics=evidence) == expected


WIDE = (0.01, 0.1, 1.0)


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (metrics(histogram(0, 5, WIDE), histogram(3000, 5, WIDE)), "milliseconds in a metric named seconds"),
        (metrics(histogram(0, 5000, WIDE), histogram(3000, 5000, WIDE)), "microseconds in a metric named seconds"),
        (metrics(histogram(0, 0.005, WIDE), histogram(6000, 0.005, WIDE)), "everything is observed twice"),
        (metrics(histogram(0, 0.005, WIDE), histogram(900, 0.005, WIDE)), "some are not observed"),
        (metrics(histogram(0, 0.004, WIDE), histogram(3000, 0.004, WIDE), mean_latency_ms=45.0), "only a part of the handler is measured"),
        (metrics(histogram(0, 0.009, WIDE), histogram(3000, 0.009, WIDE)), "cannot take longer than its caller waits"),
        (metrics(summary("fraud_request_seconds", 0, 0.005), summary("fraud_request_seconds", 3000, 0.005)), "without buckets"),
        (metrics(histogram(0, 0.005, WIDE), histogram(3000, 0.005, WIDE, last=3500)), "in its +Inf bucket"),
        (metrics(histogram(0, 0.05, WIDE), histogram(3000, 0.05, WIDE, falls=True), mean_latency_ms=52), "buckets that fall"),
        (metrics(histogram(0, 0.005, (5.0, 10.0)), histogram(3000, 0.005, (5.0, 10.0))), "no two buckets lie within a factor of 4"),
        (metrics(histogram(0, 0.2, (0.1, 10.0)), histogram(3000, 0.2, (0.1, 10.0)), mean_latency_ms=205), "anywhere between 0.1 and 10 s"),
    ],
)
def test_a_lie_is_called_by_its_name(evidence, said):
    assert said in judge("latency_histogram_truth", metrics=evidence).observed


def test_a_fine_histogram_beside_a_coarse_one_is_enough():
    before, after = (histogram(n, 0.005, (5.0,), "http_request_duration_seconds") + histogram(n, 0.005, WIDE, "http_fine_seconds") for n in (0, 3000))
    assert level("latency_histogram_truth", metrics=metrics(before, after)) == "true"


def test_a_flaw_of_another_family_that_begins_alike_is_not_blamed_on_this_one():
    other = "# TYPE fraud_request_latency histogram\nfraud_request_latency_bucket{le=\"1\"} 1\n"
    assert level("latency_histogram_truth", metrics=metrics(exposition(0), exposition(3000) + other)) == "true"
