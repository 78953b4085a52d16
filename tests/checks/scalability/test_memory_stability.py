from __future__ import annotations

import random

import pytest

from checks.builders import MIB, judge, level, resources, soaked, stress


@pytest.mark.parametrize(
    ("expected", "kib"), [("flat", 0.0), ("flat", -0.5), ("flat", 0.05), ("creeps", 0.5), ("leaks", 2.0), ("leaks", 10.24)]
)
def test_the_slope_decides(expected, kib):
    assert level("memory_stability", stress=soaked(kib)) == expected


def test_a_void_soak_counts_too_since_noise_adds_no_bytes():
    assert level("memory_stability", stress=soaked(10.24, void="host noisy: other work took 9% of the candidate's core")) == "leaks"


def test_the_leak_is_given_as_a_number_and_as_a_date():
    seen = judge("memory_stability", stress=soaked(10.24)).observed
    assert "10.24 KiB per request" in seen and "the limit is reached after 6 min" in seen


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_one_step_of_an_allocator_are_no_growth(seed):
    draw = random.Random(seed)
    noisy = [100 * MIB + draw.randrange(2 * MIB) + (4 * MIB if i > 14 else 0) * (seed % 2) for i in range(20)]
    assert level("memory_stability", stress=soaked(memory=noisy)) in ("flat", "creeps" if seed % 2 else "flat")


def test_without_samples_nothing_is_said():
    assert level("memory_stability", stress=stress()) == "unknown"
    assert level("memory_stability", stress=stress(soak=soaked(1.0).soak.model_copy(update={"resources": resources()}))) == "unknown"


def filling(total_mib: float, share: float, samples: int = 51):
    """A heap that grows by `total_mib` within the first `share` of a soak of 7500 requests, and is full then."""
    full = share * samples
    return soaked(memory=[round((53 + total_mib * min(1.0, i / full)) * MIB) for i in range(samples)])


@pytest.mark.parametrize(("expected", "evidence"), [
    ("flat", filling(0.9, 1.0)),
    ("flat", filling(6.0, 0.4)),
    ("flat", filling(40.0, 0.5)),
    ("creeps", filling(2.0, 1.0)),
    ("creeps", filling(6.0, 0.95)),
    ("leaks", filling(12.0, 1.0)),
])  # fmt: skip
def test_a_heap_that_fills_once_is_no_leak(expected, evidence):
    assert level("memory_stability", stress=evidence) == expected
