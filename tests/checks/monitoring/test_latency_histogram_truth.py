from __future__ import annotations

import pytest

from checks.builders import exposition, level, metrics, sound_metrics, summary


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("true", sound_metrics()),
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
