"""The control container tells a host that changed while load ran, and what was measured meanwhile says nothing about the candidate."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import pytest

from grader.schema.challenge import LoadWindowPlan
from grader.schema.evidence import LoadEvidence
from grader.schema.evidence.load import ControlReading
from harness.load import stage
from harness.load.control import moved

from .bench import Bench
from .neighbour import Neighbour, may_insist

pytestmark = [pytest.mark.engine, pytest.mark.skipif(not may_insist(), reason="only root gives a neighbour half of the candidate's core for sure")]

PLANS = [LoadWindowPlan(name="steady", arrivals="constant", rate_factor=1.0, seconds=1)]
HALF = 0.5


def half_of_the_core(bench: Bench) -> Neighbour:
    (core,) = bench.topology.cores.candidate
    return Neighbour(core, HALF, insists=True)


def loaded(bench: Bench, service: str, after: dict[int, Callable[[], object]]) -> LoadEvidence:
    """A load stage in which something happens after the n-th reading of the control container."""
    with bench.serving(service) as candidate:
        readings: list[ControlReading] = []

        def control(moment: str) -> ControlReading:
            readings.append(bench.control(candidate, moment))
            after.get(len(readings), lambda: None)()
            return readings[-1]

        return stage.collect(replace(bench.stage(candidate), control=control), PLANS, bench.supply())


def test_a_neighbour_that_takes_half_of_the_core_between_two_readings_is_named(bench: Bench, service: str) -> None:
    with bench.serving(service) as candidate:
        before = bench.control(candidate, "before load")
        with half_of_the_core(bench):
            after = bench.control(candidate, "after load")
    why = moved([before, after])
    assert after.rate_rps == pytest.approx(before.rate_rps * HALF, rel=0.3)
    assert why is not None and why.startswith("host unsteady: the control container's rate moved from"), why


def test_windows_between_readings_that_differ_are_void_and_sent_once_more(bench: Bench, service: str) -> None:
    with ExitStack() as stack:
        evidence = loaded(bench, service, {1: lambda: stack.enter_context(half_of_the_core(bench)), 2: stack.close})
    assert [window.void is not None and window.void.startswith("host unsteady") for window in evidence.voided] == [True]
    assert [reading.moment for reading in evidence.control] == ["before load", "after load", "after load"]


def test_a_neighbour_that_stays_leaves_no_window_that_counts(bench: Bench, service: str) -> None:
    with ExitStack() as stack:
        evidence = loaded(bench, service, {1: lambda: stack.enter_context(half_of_the_core(bench))})
    assert all(window.void is not None and window.void.startswith("host") for window in evidence.windows), evidence.windows[0].latency
