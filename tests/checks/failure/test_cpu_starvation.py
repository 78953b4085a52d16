from __future__ import annotations

import pytest

from checks.builders import fault, faults, level


def starved(during, *after):
    return faults(fault("cpu_starvation", (2.0, {}), (3.0, during), *after, facts={"quota_cpus": 0.2}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("graceful", starved({"shed": 0.6, "p95": 300}, (6.0, {}))),
        ("graceful", starved({}, (6.0, {}))),
        ("recovers", starved({"failed": 0.8, "p95": 1900}, (2.0, {"p95": 900}), (5.0, {}))),
        ("slow", starved({"failed": 0.8}, (8.0, {"p95": 900}), (4.0, {}))),
        ("never", starved({"failed": 0.8}, (6.0, {"p95": 900}))),
        ("unknown", faults(fault("cpu_starvation", undo=2.0))),
        ("unknown", faults()),
    ],
)
def test_holding_or_shedding_first_and_then_how_soon_it_is_fast(expected, evidence):
    assert level("cpu_starvation", faults=evidence) == expected
