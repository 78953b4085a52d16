from __future__ import annotations

import pytest

from challenges.loader import load
from grader.schema.evidence import LoadEvidence, LoadWindow, ResourceUse
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
