from __future__ import annotations

import pytest

from checks.builders import counters, exposition, judge, level, metrics, scrape, sound_metrics


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("readable", {"metrics": sound_metrics()}),
        ("flawed", {"metrics": sound_metrics(scrape("idle_0", exposition(10) + exposition(10)))}),
        ("split", {"metrics": sound_metrics(scrape("idle_0", exposition(900)), scrape("idle_1", exposition(700)))}),
        ("split", {"metrics": metrics(counters(in_flight_total=9, fraud_requests_total=0), counters(in_flight_total=2, fraud_requests_total=3000))}),
        ("flawed", {"metrics": sound_metrics(scrape("idle_0", "# TYPE rate_total counter\nrate_total NaN\n"))}),
        ("missing", {"metrics": metrics(None, None)}),
        ("missing", {"metrics": metrics("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 3\n", None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("metrics_route", **evidence) == expected


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (sound_metrics(scrape("idle_0", exposition(900, 9)), scrape("idle_1", exposition(700, 7))), "each worker reports its own numbers"),
        (sound_metrics(scrape("idle_0", counters(a_total=3, b_total=9)), scrape("idle_1", counters(a_total=3, b_total=1))), "b_total is declared"),
        (sound_metrics(scrape("idle_0", "# TYPE a counter\na 1\n# TYPE a counter\na 1\n")), "a has 2 TYPE lines"),
        (sound_metrics(scrape("idle_0", "# TYPE a_total counter\na_total +Inf\n")), "a_total is a counter and stands at inf"),
        (sound_metrics(scrape("idle_0", 'a{x="1"} 1\na{x="1"} 2\n')), "stands 2 times"),
    ],
)
def test_a_lie_is_called_by_its_name(evidence, said):
    assert said in judge("metrics_route", metrics=evidence).observed


def test_counters_that_begin_again_with_the_process_are_no_lie():
    began = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {}\n"
    restarted = metrics(exposition(5000) + began.format(100), exposition(3000) + began.format(200))
    assert level("metrics_route", metrics=restarted) == "readable"
