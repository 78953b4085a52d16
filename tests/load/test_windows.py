"""From a trace to a window of evidence: counts, percentiles with their interval, bins, and when a window is void."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from grader.schema.evidence.load import ResourceUse
from harness.load.outcomes import Outcome
from harness.load.plan import enough_connections
from harness.load.stage import ranked
from harness.load.trace import Trace, interval, quantile
from harness.load.windows import About, summarise, time_bins, void_reason

ABOUT = About("steady", "poisson", 100.0, 1.0, "digest", slo_ms=100.0, timeout_s=2.0, start_s=3.0)
QUIET = ResourceUse(
    cpu_seconds=0.1, throttled_seconds=0, memory_start_bytes=1, memory_end_bytes=1, memory_peak_bytes=1, others_core_share=0.01, steal_share=0
)


def trace(outcomes: list[Outcome], latency_s: float = 0.005, lag_s: float = 0.0001) -> Trace:
    """One request every 10 ms, the first 1 ms after time 100."""
    n = len(outcomes)
    intended = 100.001 + 0.01 * np.arange(n)
    outcome = np.array([int(o) for o in outcomes], dtype=np.int64)
    valid = outcome <= 1
    received = np.where(valid, intended + latency_s, nan)
    zeros = np.zeros(n, dtype=np.int64)
    sent = np.where(outcome == Outcome.DROPPED, nan, intended + lag_s)
    return Trace(
        t0=100.0, intended=intended, sent=sent, received=received, done=received, score=np.where(valid, 0.5, nan),
        status=np.where(valid, 200, 0), outcome=outcome, degraded=outcome == 1, retries=zeros, target=zeros, version=zeros, index=np.arange(n),
        versions=["1"], ids=[f"t-{i}" for i in range(n)], cpu_s=0.0, end=200.0,
    )  # fmt: skip


MIXED = [Outcome.OK] * 90 + [Outcome.DEGRADED] * 4 + [Outcome.SHED] * 3 + [Outcome.TIMEOUT] * 2 + [Outcome.DROPPED]


def test_everything_scheduled_is_accounted_for() -> None:
    window = summarise(trace(MIXED), ABOUT, QUIET, 0.1)
    assert (window.scheduled, window.sent, window.dropped) == (100, 99, 1)
    assert (window.ok, window.degraded, window.errors) == (90, 4, {"shed": 3, "timeout": 2})
    assert window.ok + window.degraded + sum(window.errors.values()) == window.sent
    assert sum(b.ok + b.degraded + b.shed + b.failed for b in window.bins) == sum(b.sent for b in window.bins) == window.sent


def test_requests_that_failed_count_as_over_the_slo() -> None:
    window = summarise(trace(MIXED), ABOUT, QUIET, 0.1)
    assert window.latency is not None
    assert window.latency.n == 94
    assert window.latency.over_slo == 6


def test_latency_counts_from_the_intended_moment() -> None:
    window = summarise(trace([Outcome.OK] * 100, latency_s=0.2, lag_s=0.15), ABOUT, None, 0.1)
    assert window.latency is not None
    assert window.latency.p99_ms == pytest.approx(200)
    assert window.latency.p99_sent_ms == pytest.approx(50)
    assert window.latency.over_slo == 100


def test_a_window_without_one_answer_has_no_percentiles() -> None:
    window = summarise(trace([Outcome.REFUSED] * 50), ABOUT, QUIET, 0.1)
    assert window.latency is None
    assert window.void is None
    assert window.errors == {"refused": 50}


def test_bins_follow_the_intended_moment_and_cover_the_window() -> None:
    bins = time_bins(trace([Outcome.OK] * 25 + [Outcome.ERROR] * 5), 0.1, 0.5)
    assert [b.sent for b in bins] == [10, 10, 10, 0, 0]
    assert [b.failed for b in bins] == [0, 0, 5, 0, 0]
    assert [b.p95_ms for b in bins] == [5.0, 5.0, 5.0, None, None]
    assert [b.t_s for b in bins] == [0.0, 0.1, 0.2, 0.3, 0.4]


def often(outcomes: list[Outcome]) -> Trace:
    """Sixty times as many per second."""
    slow = trace(outcomes)
    intended = 100.0 + (slow.intended - 100.0) / 60
    return replace(slow, intended=intended, sent=intended + 1e-4, received=intended + 0.005, done=intended + 0.005)


VOID = {
    "sound": (trace([Outcome.OK] * 100), QUIET, None),
    "a slow candidate": (trace([Outcome.TIMEOUT] * 100), QUIET, None),
    "late, but not against so slow a response": (trace([Outcome.OK] * 100, latency_s=0.5, lag_s=0.01), QUIET, None),
    "late": (trace([Outcome.OK] * 100, lag_s=0.002), QUIET, "generator limited"),
    "dropped": (trace(MIXED), QUIET, "generator limited"),
    "busy neighbour": (trace([Outcome.OK] * 100), QUIET.model_copy(update={"others_core_share": 0.2}), "host noisy"),
    "a store that waits for its core": (trace([Outcome.OK] * 100), QUIET.model_copy(update={"store_wait_share": 0.25}), "host noisy"),
    "a store that hardly waits": (trace([Outcome.OK] * 100), QUIET.model_copy(update={"store_wait_share": 0.15}), None),
    "a store that stood still once": (trace([Outcome.OK] * 100), QUIET.model_copy(update={"store_wait_longest_s": 0.25}), "host noisy"),
    "a store that waited now and then": (trace([Outcome.OK] * 100), QUIET.model_copy(update={"store_wait_longest_s": 0.1}), None),
    "a store behind a busy generator": (often([Outcome.OK] * 6000), QUIET.model_copy(update={"store_wait_share": 0.6}), None),
    "steal": (trace([Outcome.OK] * 100), QUIET.model_copy(update={"steal_share": 0.2}), "host noisy"),
}


@pytest.mark.parametrize("name", VOID)
def test_only_the_grader_and_the_host_can_void_a_window(name: str) -> None:
    given, resources, reason = VOID[name]
    found = void_reason(given, 2.0, resources)
    assert found is None if reason is None else found is not None and found.startswith(reason)


def test_quantiles_are_exact_nearest_ranks() -> None:
    values = np.arange(1.0, 101.0)
    assert [quantile(values, q) for q in (0.01, 0.5, 0.95, 0.99, 0.999, 1.0)] == [1, 50, 95, 99, 100, 100]
    assert quantile(np.array([7.0]), 0.5) == 7


def test_small_samples_have_no_interval_of_p99() -> None:
    assert interval(np.arange(367.0), 0.99) is None
    assert interval(np.arange(368.0), 0.99) is not None
    assert interval(np.array([]), 0.99) is None


@pytest.mark.parametrize(("q", "n"), [(0.99, 400), (0.99, 1000), (0.99, 3000), (0.5, 30), (0.5, 3000), (0.95, 200), (0.999, 6000)])
def test_the_interval_of_a_percentile_covers_the_truth_as_often_as_it_says(q: float, n: int) -> None:
    random = np.random.default_rng(4)
    truth, hits = -np.log(1 - q), 0
    for _ in range(1000):
        found = interval(np.sort(random.exponential(size=n)), q)
        assert found is not None
        hits += found[0] <= truth <= found[1]
    assert hits / 1000 >= 0.94


def test_the_connection_cap_is_above_what_a_silent_service_can_hold() -> None:
    arrivals = [0.01 * i for i in range(1000)]
    assert enough_connections(arrivals, 2.0) > 200
    assert enough_connections([], 2.0) > 0


def test_a_selection_keeps_ids_and_columns_together() -> None:
    part = replace(trace(MIXED)).between(100.5, 100.6)
    assert part.ids == [f"t-{i}" for i in range(50, 60)]
    assert part.index.tolist() == list(range(50, 60))


def test_how_scores_rank_is_read_from_undegraded_answers_only() -> None:
    record = trace([Outcome.OK] * 100 + [Outcome.DEGRADED] * 100)
    truth = {name: (7 * i % 100) / 100 for i, name in enumerate(record.ids)}
    own = replace(record, score=np.array([truth[name] ** 2 for name in record.ids]))
    assert ranked(own, truth.get) == pytest.approx(1.0)
    assert ranked(replace(own, score=np.where(np.arange(200) < 100, own.score, 0.5)), truth.get) == pytest.approx(1.0), "fallbacks may rank worse"
    swapped = own.score.copy()
    swapped[0:100:2], swapped[1:100:2] = own.score[1:100:2], own.score[0:100:2]
    mixed = ranked(replace(own, score=swapped), truth.get)
    assert mixed is not None and mixed < 0.9
    assert ranked(own, lambda _: None) is None and ranked(own.where(np.arange(200) < 20), truth.get) is None
