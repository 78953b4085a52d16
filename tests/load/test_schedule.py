from __future__ import annotations

from itertools import pairwise

import pytest

from harness.load import schedule


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_does_not() -> None:
    assert schedule.poisson(100, 10, 7) == schedule.poisson(100, 10, 7)
    assert schedule.poisson(100, 10, 7) != schedule.poisson(100, 10, 8)


def test_constant_arrivals_are_evenly_spaced_inside_the_window() -> None:
    offsets = schedule.constant(50, 4, 3)
    assert len(offsets) == 200
    assert all(b - a == pytest.approx(0.02) for a, b in pairwise(offsets))
    assert offsets[0] >= 0
    assert offsets[-1] < 4


def test_poisson_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() -> None:
    offsets = schedule.poisson(200, 100, 1)
    gaps = [b - a for a, b in pairwise(offsets)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert len(offsets) == pytest.approx(20000, rel=0.03)
    assert spread / mean == pytest.approx(1.0, abs=0.05)


def test_a_ramp_sends_more_in_its_faster_half() -> None:
    offsets = schedule.ramp(0, 200, 20, 5)
    assert sum(t >= 10 for t in offsets) / len(offsets) == pytest.approx(0.75, abs=0.04)


def test_workers_share_one_schedule_without_loss_or_overlap() -> None:
    offsets = schedule.poisson(100, 5, 2)
    shares = [schedule.share(offsets, k, 3) for k in range(3)]
    assert sorted(t for part in shares for t in part) == offsets
