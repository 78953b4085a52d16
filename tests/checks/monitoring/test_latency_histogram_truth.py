from __future__ import annotations

import pytest

from checks.builders import dependency, exposition, faults, judge, level, metrics, scrape, sound_metrics, summary


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


NAME = "fraud_request_latency_seconds"
FINE_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25)


def spread(quick: int, slow: int, *, each: float = 0.0005, wait: float = 0.07, bounds=FINE_BOUNDS) -> str:
    """A histogram of `quick` observations of half a millisecond and `slow` ones of `wait` seconds."""
    lines = "".join(f'{NAME}_bucket{{le="{b}"}} {quick * (each <= b) + slow * (wait <= b)}\n' for b in bounds)
    total, count = quick * each + slow * wait, quick + slow
    return f'# TYPE {NAME} histogram\n{lines}{NAME}_bucket{{le="+Inf"}} {count}\n{NAME}_sum {total}\n{NAME}_count {count}\n'


def slow_store(quick: int, slow: int, *, steady_slow: int = 0, **shape):
    """3000 requests of steady load, then 900 of the fault, of which the histogram saw so many quick and so many slow."""
    steady = spread(3000 - steady_slow, steady_slow, **shape)
    after = spread(3000 - steady_slow + quick, steady_slow + slow, **shape)
    around = scrape("before_dependency_slow", steady), scrape("after_dependency_slow", after)
    return metrics(spread(0, 0, **shape), steady, *around, mean_latency_ms=1.2)


WAITS = {"degraded": 1.0, "p95": 72}
COARSE = {"bounds": (0.05, 0.1, 0.25)}


@pytest.mark.parametrize(
    ("expected", "evidence", "during"),
    [
        ("untrue", slow_store(900, 0), WAITS),
        ("untrue", slow_store(620, 0), WAITS),
        ("true", slow_store(882, 18, steady_slow=60), WAITS),
        ("true", slow_store(600, 300), WAITS),
        ("true", slow_store(882, 18), WAITS),
        ("true", slow_store(882, 18, wait=0.03), WAITS),
        ("true", slow_store(900, 0), {"degraded": 1.0, "p95": 25}),
        ("true", slow_store(900, 0, **COARSE), WAITS),
        ("true", metrics(spread(0, 0), spread(3000, 0), mean_latency_ms=1.2), WAITS),
        ("true", metrics(spread(0, 0), spread(3000, 0), scrape("before_dependency_slow", None), mean_latency_ms=1.2), WAITS),
    ],
    ids=[
        "the call is left out", "fallback answers are left out", "a noisy host", "the handler is measured",
        "a breaker leaves few slow ones", "the rest of the wait is a queue before the handler", "callers hardly wait",
        "buckets too coarse to tell", "nothing read around the fault", "not readable around the fault",
    ],
)  # fmt: skip
def test_a_slow_store_shows_in_the_histogram_as_it_shows_to_callers(expected, evidence, during):
    broken = faults(dependency(during=during))
    assert level("latency_histogram_truth", metrics=evidence, faults=broken) == expected


def test_what_is_left_out_is_said():
    broken = faults(dependency(during=WAITS))
    assert "callers waited 72 ms" in judge("latency_histogram_truth", metrics=slow_store(900, 0), faults=broken).observed
    assert "answers given without it" in judge("latency_histogram_truth", metrics=slow_store(620, 0), faults=broken).observed


@pytest.mark.parametrize("broken", [faults(), faults(dependency(during=WAITS, injected=False)), None])
def test_without_a_slow_store_nothing_is_held_against_it(broken):
    assert level("latency_histogram_truth", metrics=slow_store(900, 0), faults=broken) == "true"


def test_a_caller_who_waits_before_the_fault_already_says_nothing_about_the_store():
    record = dependency(during=WAITS)
    tired = record.model_copy(update={"bins": [b.model_copy(update={"p95_ms": 72.0}) for b in record.bins]})
    assert level("latency_histogram_truth", metrics=slow_store(900, 0), faults=faults(tired)) == "true"
