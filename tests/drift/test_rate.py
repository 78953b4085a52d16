from __future__ import annotations

import pytest

from challenges.loader import load
from grader.schema.base import Culprit
from grader.schema.causes import Trouble
from grader.schema.evidence import Capacity, LoadEvidence, LoadWindow, ResourceUse, StressEvidence
from harness.drift.rate import affordable

CHALLENGE = load("fraud-scoring").spec


def window(cpu_ms_per_request: float, ok: int = 1000, void: str | None = None) -> LoadWindow:
    use = ResourceUse(
        cpu_seconds=cpu_ms_per_request, throttled_seconds=0, memory_start_bytes=0, memory_end_bytes=0, memory_peak_bytes=0,
        others_core_share=0, steal_share=0,
    )  # fmt: skip
    return LoadWindow(
        name="steady", arrivals="poisson", rate_rps=100, seconds=10, seed_digest="", scheduled=1000, sent=1000, dropped=0, ok=ok, degraded=0,
        errors={}, statuses={}, lag_p99_ms=0, latency=None, resources=use, bins=[], start_s=0, void=void,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cost_ms", "rate"),
    [(0.5, 300), (2.5, 200), (5.0, 100), (12.0, 50), (40.0, 17.5), (200.0, 15)],
)
def test_the_stream_takes_half_of_the_capacity_within_its_bounds(cost_ms: float, rate: float) -> None:
    assert affordable(CHALLENGE, LoadEvidence(windows=[window(cost_ms)], bin_s=1)) == pytest.approx(rate)


def test_failing_windows_say_nothing_about_capacity_and_void_ones_do() -> None:
    """A window is void for what others did to its latency; the container's own CPU accounting still holds."""
    assert affordable(CHALLENGE, LoadEvidence(windows=[window(2.5), window(0.1, ok=100)], bin_s=1)) == pytest.approx(200)
    assert affordable(CHALLENGE, LoadEvidence(windows=[window(2.5, void="host_noisy")], bin_s=1)) == pytest.approx(200)
    assert affordable(CHALLENGE, LoadEvidence(windows=[], bin_s=1)) == affordable(CHALLENGE, None) == 50


def searched(most: float, held: float | None, void: str | None = None) -> StressEvidence:
    capacity = Capacity(
        rate_rps=held, failed_rps=None, saturation_rps=most, parallelism=1.0, limited_by="service", highest_rps=5000, cpu_ms_per_request=1.0,
        bursts=[], trials=[], seconds=1.0, void=void,
    )  # fmt: skip
    return StressEvidence(capacity=capacity, bin_s=1.0)


@pytest.mark.parametrize(("most", "held", "rate"), [(2000.0, 1000.0, 300), (150.0, 120.0, 60), (80.0, None, 50), (30.0, 12.0, 21), (16.0, None, 15)])
def test_a_service_that_was_searched_gets_a_stream_that_it_can_bear(most: float, held: float | None, rate: float) -> None:
    assert affordable(CHALLENGE, None, searched(most, held)) == pytest.approx(rate)


def test_one_that_would_have_to_be_asked_for_an_hour_is_too_slow_and_a_void_search_does_not_say_so() -> None:
    with pytest.raises(Trouble, match=r"10\.0 requests/s at most, and gets 15/s") as slow:
        affordable(CHALLENGE, None, searched(10.0, None))
    assert slow.value.cause == "too_slow" and slow.value.culprit is Culprit.CANDIDATE
    assert affordable(CHALLENGE, None, searched(10.0, None, void="host_noisy")) == 15
