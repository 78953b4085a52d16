from __future__ import annotations

import pytest

from checks.builders import MIB, level, load, resources, window


def ending_at(mib):
    """The warm-up does not count; steady begins at 100 MiB."""
    warmup = window("warmup", use=resources(memory_start_bytes=0))
    return load(warmup, window("steady"), window("recovery", use=resources(memory_end_bytes=mib * MIB)))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [("flat", ending_at(110)), ("creeps", ending_at(160)), ("leaks", ending_at(400)), ("unknown", load(window("steady")))],
)
def test_growth_over_all_windows(expected, evidence):
    assert level("memory_stability", load=evidence) == expected
