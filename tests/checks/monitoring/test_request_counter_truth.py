from __future__ import annotations

import pytest

from checks.builders import counters, exposition, level, metrics, sound_metrics

ROUTED = """# TYPE http_requests_total counter
http_requests_total{{handler="/predict",status="2xx"}} {n}
http_requests_total{{handler="/healthz",status="2xx"}} {polls}
"""


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("true", sound_metrics()),
        ("true", metrics(exposition(0), exposition(2971))),
        ("true", metrics(ROUTED.format(n=0, polls=0), ROUTED.format(n=3000, polls=900))),
        ("total", metrics(counters(fraud_predictions_total=0), counters(fraud_predictions_total=3000))),
        ("near", metrics(exposition(0), exposition(2800))),
        ("untrue", metrics(exposition(0), exposition(900))),
        ("untrue", metrics(exposition(3000), exposition(3000))),
        ("missing", metrics(counters(errors_total=0), counters(errors_total=3000))),
        ("missing", metrics()),
        ("unknown", metrics(exposition(0), exposition(0), truths=[])),
    ],
)
def test_the_growth_is_held_against_the_3000_requests_sent(expected, evidence):
    assert level("request_counter_truth", metrics=evidence) == expected
