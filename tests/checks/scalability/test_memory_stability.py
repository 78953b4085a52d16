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
