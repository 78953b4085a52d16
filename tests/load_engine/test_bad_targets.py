"""What is no service, or ceases to be one, ends in evidence that counts it, and soon: nothing in load, stress or batch waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import pytest

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.challenge import LoadWindowPlan, StressPlan
from grader.schema.evidence import LoadEvidence, LoadWindow, StressEvidence
from harness.load import batch, stage, stress
from harness.load.generator import LoadGenerator
from harness.load.supply import requests
from harness.sandbox.container import Candidate
from harness.seeds import Seeds

from .bench import Bench
from .targets import HANDLERS, Target, target

BOUND_S = 60.0
LOAD = [
    LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=0.5, seconds=1),
    LoadWindowPlan(name="slow_clients", arrivals="poisson", rate_factor=0.5, seconds=1, slow_clients=8),
]
STRESS = StressPlan(burst_s=0.2, trial_s=0.5, confirm_s=0.5, search_s=4, overload_s=1, soak_s=1)
KINDS = [*HANDLERS, "refuses"]

T = TypeVar("T")


@pytest.fixture(scope="module")
def generator() -> Iterator[LoadGenerator]:
    with LoadGenerator() as generator:
        yield generator


def soon(work: Callable[[], T], bound_s: float = BOUND_S) -> T:
    begin = time.monotonic()
    found = work()
    took = time.monotonic() - begin
    assert took < bound_s, f"it took {took:.0f} s"
    return found


def accounted_for(window: LoadWindow) -> None:
    assert window.scheduled == window.sent + window.dropped > 0
    assert window.sent == window.ok + window.degraded + sum(window.errors.values())


def bad(window: LoadWindow | None) -> None:
    assert window is not None
    accounted_for(window)
    assert window.ok == window.degraded == 0 and window.latency is None
    assert window.void is None, "a service that gives no answer cannot void its window"


@pytest.fixture
def made(generator: LoadGenerator, challenge: LoadedChallenge) -> Callable[[Target], stage.Stage]:
    spec = challenge.spec
    return lambda service: stage.Stage(
        generator, service, spec.contract, spec.reality, Seeds(b"k" * 16, "commit", 1), [0], time.monotonic(), spec.limits.cpus
    )


@pytest.mark.parametrize("kind", KINDS)
def test_load_on_what_is_no_service_ends_and_counts(
    kind: str, made: Callable[[Target], stage.Stage], challenge: LoadedChallenge, rows: list[Row]
) -> None:
    with target(kind) as service:
        evidence = soon(lambda: stage.collect(made(service), LOAD, requests(rows, challenge.spec.contract.id_field)))
    assert [window.name for window in evidence.windows] == ["steady", "slow_clients"] and evidence.voided == []
    for window in evidence.windows:
        bad(window)


@pytest.mark.parametrize("kind", KINDS)
def test_stress_on_what_is_no_service_ends_and_finds_no_capacity(
    kind: str, made: Callable[[Target], stage.Stage], challenge: LoadedChallenge, rows: list[Row]
) -> None:
    with target(kind) as service:
        evidence = soon(lambda: stress.collect(made(service), STRESS, requests(rows, challenge.spec.contract.id_field)))
    capacity = evidence.capacity
    assert capacity is not None and capacity.rate_rps is None and capacity.saturation_rps == 0 and capacity.void is None
    assert evidence.overload is None, "without a capacity there is nothing to exceed"
    bad(evidence.soak)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_on_what_is_no_service_ends_without_a_route(kind: str, challenge: LoadedChallenge, rows: list[Row]) -> None:
    with target(kind) as service:
        found = soon(lambda: batch.measure(cast("Any", service), challenge.spec.contract, rows[:100]))
    assert found is not None and found.found is None and found.trials == []


# ---- on a real engine


@contextmanager
def later(seconds: float, what: Callable[[], object]) -> Iterator[None]:
    """Something that happens meanwhile, in a thread; it has happened when the block ends."""
    timer = threading.Timer(seconds, what)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@pytest.mark.engine
def test_an_address_that_nobody_has_is_counted_as_such(bench: Bench, service: str) -> None:
    with bench.serving(service) as candidate:
        candidate.ip = bench.topology.network.address(99)
        load, found = both(bench, candidate)
    for window in load.windows:
        bad(window)
        assert set(window.errors) <= {"unreachable", "timeout"}
    assert found.capacity is not None and found.capacity.rate_rps is None


@pytest.mark.engine
def test_a_service_that_restarts_in_a_window_fails_some_of_it_and_no_accounting_is_made_up(bench: Bench, service: str) -> None:
    plan = [LoadWindowPlan(name="steady", arrivals="poisson", rate_factor=1.0, seconds=4)]
    with bench.serving(service) as candidate, later(3.0, candidate.kill_process):
        (window,) = soon(lambda: stage.collect(bench.stage(candidate), plan, bench.supply())).windows
        assert candidate.state().restart_count == 1
    accounted_for(window)
    assert 0 < window.ok < window.sent
    assert window.void is None, "a crash cannot void a window"
    assert window.resources is None or window.resources.cpu_seconds < 5, "one core, five seconds"


@pytest.mark.engine
def test_a_service_that_ends_for_good_while_its_capacity_is_searched_leaves_what_was_seen(bench: Bench, service: str) -> None:
    with bench.serving(service) as candidate, later(5.0, lambda: candidate.stop(1)):
        # 47 s: a search of 20, and twice that where the host was not steady meanwhile
        evidence = soon(lambda: stress.collect(bench.stage(candidate), StressPlan(overload_s=2, soak_s=3), bench.supply()), bound_s=100.0)
        assert not candidate.state().running
    assert evidence.capacity is not None and evidence.capacity.saturation_rps > 0
    bad(evidence.soak)


def both(bench: Bench, candidate: Candidate) -> tuple[LoadEvidence, StressEvidence]:
    load = soon(lambda: stage.collect(bench.stage(candidate), LOAD, bench.supply()))
    return load, soon(lambda: stress.collect(bench.stage(candidate), STRESS, bench.supply()))
