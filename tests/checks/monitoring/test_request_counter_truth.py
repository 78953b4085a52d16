from __future__ import annotations

import pytest

from checks.builders import GRADER, counters, dependency, exposition, fault, faults, judge, level, metrics, scrape, sound_metrics, truth

ROUTED = """# TYPE http_requests_total counter
http_requests_total{{handler="/predict",status="2xx"}} {n}
http_requests_total{{handler="/healthz",status="2xx"}} {polls}
"""

PREDICTIONS = '# TYPE predictions_total counter\npredictions_total{{status="200"}} {n}\n'
WITH_SCRAPES = metrics(
    PREDICTIONS.format(n=0), PREDICTIONS.format(n=3001), *(scrape(f"idle_{i}", PREDICTIONS.format(n=3001 + i)) for i in range(10))
)
FALLING = [scrape(f"idle_{i}", exposition(900 - 200 * (i % 2))) for i in range(4)]


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("true", sound_metrics()),
        ("true", metrics(exposition(0), exposition(2971))),
        ("true", metrics(ROUTED.format(n=0, polls=0), ROUTED.format(n=3000, polls=900))),
        ("others", WITH_SCRAPES),
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


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (metrics(exposition(0), exposition(6010)), "counted twice"),
        (metrics(exposition(0), exposition(4100)), "more is counted than was sent"),
        (metrics(exposition(0), exposition(2000), statuses={"200": 2000, "503": 1000}), "only successes are counted"),
        (metrics(exposition(0), exposition(760)), "about 1 in 4 is counted: one worker's share"),
        (metrics(exposition(0), exposition(1900), *FALLING), "falls while nothing is reset: one worker's share"),
        (metrics(exposition(3000), exposition(100)), "falls while nothing is reset"),
        (metrics(exposition(7), exposition(7)), "does not move"),
        (WITH_SCRAPES, "grew by 9 while only scrapes were sent, so other routes count as predictions"),
    ],
)
def test_a_lie_is_called_by_its_name(evidence, said):
    assert said in judge("request_counter_truth", metrics=evidence).observed


def test_a_counter_of_all_routes_that_does_not_promise_predictions_may_count_scrapes():
    text = '# TYPE http_requests_total counter\nhttp_requests_total{{status="200"}} {n}\n'
    idle = [scrape(f"idle_{i}", text.format(n=3001 + i)) for i in range(10)]
    assert level("request_counter_truth", metrics=metrics(text.format(n=0), text.format(n=3001), *idle)) == "true"


def test_a_counter_of_predictions_that_tells_routes_apart_may_count_scrapes_under_their_own():
    name = "predictions_total"
    text = f'# TYPE {name} counter\n{name}{{{{path="/predict",code="200"}}}} {{n}}\n{name}{{{{path="/metrics",code="200"}}}} {{m}}\n'
    idle = [scrape(f"idle_{i}", text.format(n=3000, m=i)) for i in range(10)]
    assert level("request_counter_truth", metrics=metrics(text.format(n=0, m=0), text.format(n=3000, m=1), *idle)) == "true"


@pytest.mark.parametrize(
    ("expected", "counted"),
    [("untrue", 600), ("true", 900), ("true", 898), ("true", 800)],
    ids=["the fallback answers are left out", "every answer is counted", "two were lost", "some were lost in the fault"],
)
def test_answers_without_the_feature_store_are_requests_too(expected, counted):
    around = scrape("before_dependency_slow", exposition(3100)), scrape("after_dependency_slow", exposition(3100 + counted))
    broken = faults(dependency())
    assert level("request_counter_truth", metrics=sound_metrics(*around), faults=broken) == expected
    assert level("request_counter_truth", metrics=sound_metrics(*around), faults=None) == "true"
    assert level("request_counter_truth", metrics=sound_metrics(), faults=broken) == "true"


def test_requests_that_nobody_answered_need_not_be_counted():
    around = scrape("before_dependency_slow", exposition(3100)), scrape("after_dependency_slow", exposition(3100 + 620))
    broken = faults(dependency(during={"failed": 0.8, "degraded": 0.2, "p95": 70}))
    assert level("request_counter_truth", metrics=sound_metrics(*around), faults=broken) == "true"


def test_a_process_that_began_anew_in_the_fault_counts_from_nothing():
    started = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {}\n"
    before = scrape("before_dependency_slow", exposition(10) + started.format(1))
    after = scrape("after_dependency_slow", exposition(300) + started.format(2))
    assert level("request_counter_truth", metrics=sound_metrics(before, after), faults=faults(dependency())) == "true"


def burst(**facts):
    """2280 served and 1270 refused, the probe's own of both included."""
    told = {"burst_ok": 1500, "burst_shed": 1150, "burst_lost": 0, "restarts": 0} | facts
    return fault("overload", (2.0, {}), (3.0, {"shed": 0.4}), (4.0, {}), facts=told)


def around_burst(counted, refusals="", first=3000):
    before, after = exposition(first) + refusals.format(7), exposition(first + counted) + refusals.format(1290)
    return sound_metrics(scrape("before_overload", before), scrape("after_overload", after))


OWN = "# TYPE shed_total counter\nshed_total {}\n"
BY_REASON = '# TYPE rejected_total counter\nrejected_total{{reason="busy"}} {}\nrejected_total{{reason="draining"}} 0\n'
UNRELATED = "# TYPE audit_lines_total counter\naudit_lines_total {}0\n"


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("unshed", around_burst(2280)),
        ("unshed", around_burst(2275, UNRELATED)),
        ("true", around_burst(3550)),
        ("true", around_burst(3300)),
        ("true", around_burst(2280, OWN)),
        ("true", around_burst(2280, BY_REASON)),
        ("true", around_burst(900)),
        ("true", sound_metrics()),
    ],
    ids=["no counter", "another counter", "all counted", "some lost", "a counter of refusals", "by reason", "unlike what was served", "no scrape"],
)
def test_what_is_refused_under_too_much_load_is_counted_somewhere(expected, evidence):
    assert level("request_counter_truth", metrics=evidence, faults=faults(burst())) == expected


def test_the_refused_are_looked_for_only_where_it_is_known_how_many_they_are():
    evidence = around_burst(2280)
    few = fault("overload", facts={"burst_ok": 2000, "burst_shed": 30})
    for record in (burst().model_copy(update={"failure": GRADER}), few, fault("overload"), burst().model_copy(update={"facts": {}})):
        assert level("request_counter_truth", metrics=evidence, faults=faults(record)) == "true"


def test_the_refused_are_told_of_with_figures():
    observed = judge("request_counter_truth", metrics=around_burst(2280), faults=faults(burst())).observed
    assert "2280 were counted while 2280 were served and 1270 refused" in observed


def test_metrics_of_a_service_that_drowned_in_the_steady_load_are_judged_where_it_answered():
    """Scrapes around the drowning are late or lost, and counters there run behind what callers saw."""
    drowned = truth("before_steady", "after_steady", statuses={"200": 400, "timeout": 2600})
    calm = truth("before_drift", "after_drift", sent=7000)
    drift = [scrape("before_drift", exposition(2000)), scrape("after_drift", exposition(9000))]
    assert level("request_counter_truth", metrics=metrics(exposition(0), exposition(1100), *drift, truths=[drowned, calm])) == "true"
    unreadable = metrics(exposition(0), None, *drift, truths=[truth("before_steady", "after_steady"), calm])
    assert level("request_counter_truth", metrics=unreadable) == "true"
    sound = truth("before_steady", "after_steady")
    assert level("request_counter_truth", metrics=metrics(exposition(0), exposition(900), *drift, truths=[sound, calm])) == "untrue"
