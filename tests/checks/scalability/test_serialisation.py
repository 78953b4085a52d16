from __future__ import annotations

import pytest

from checks.builders import capacity, judge, level, stress, trial
from grader.schema.evidence import BurstStep


def at_limit(share, parallelism, **facts):
    step = BurstStep(concurrency=8, seconds=0.4, answered=40, rate_rps=100, cpu_share=share)
    held = trial(90, cpu_share=share)
    return stress(capacity(90.0, held, trial(110, False, cpu_share=share), bursts=[step], parallelism=parallelism, saturation_rps=100.0, **facts))


@pytest.mark.parametrize(
    ("expected", "share", "parallelism"),
    [("busy", 0.95, 1.0), ("busy", 0.71, 4.0), ("half", 0.5, 1.0), ("few_workers", 0.2, 3.9), ("serial", 0.05, 1.0)],
)
def test_an_idle_cpu_at_the_limit_is_told_from_a_busy_one(expected, share, parallelism):
    assert level("serialisation", stress=at_limit(share, parallelism)) == expected


def test_the_number_that_tells_is_in_the_sentence():
    seen = judge("serialisation", stress=at_limit(0.05, 1.0)).observed
    assert "saturated at 100 requests/s with 5% of its CPU" in seen and "1.0 x the rate of a single caller" in seen


def test_a_limit_that_was_not_reached_hides_no_lock():
    assert level("serialisation", stress=at_limit(0.3, 1.0, limited_by="generator", failed_rps=None)) == "busy"


def test_without_accounting_nothing_is_said():
    step = BurstStep(concurrency=1, seconds=0.4, answered=40, rate_rps=100, cpu_share=None)
    assert level("serialisation", stress=stress(capacity(90.0, trial(90, cpu_share=None), bursts=[step]))) == "unknown"
