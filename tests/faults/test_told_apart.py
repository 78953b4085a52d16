"""The first ten faults of the catalogue, and the one that informs: a good service, and for each a bad one that the check tells apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from checks.builders import feedback, switched, unlearned

from challenges.simulator import Row
from faults.experiments import level, perform
from harness.faults.base import Known, Scene

pytestmark = pytest.mark.engine

Start = Callable[..., Scene]

FALLBACK = ("dependency_slow", "dependency_errors", "dependency_blackhole", "dependency_drip")


@pytest.fixture(scope="module")
def good(start: Start) -> Scene:
    return start()


@pytest.fixture(scope="module")
def patient(start: Start) -> Scene:
    """Waits for the store for ever, and has no fallback."""
    return start(DEADLINE_S="0", FALLBACK="0")


@pytest.fixture(scope="module")
def strained(start: Start) -> Scene:
    """Has hardly any reserve, and no bound on what waits."""
    return start(WORK_S="0.0085")


@pytest.mark.parametrize("id", FALLBACK)
def test_a_fallback_in_time_is_told_from_waiting_and_from_failing(id: str, good: Scene, patient: Scene, rows: list[Row]) -> None:
    assert level(id, perform(id, good, rows, fault_s=2.0, after_s=1.0)) == "fallback"
    assert level(id, perform(id, patient, rows, fault_s=2.0, after_s=1.0)) in ("slow", "partly", "fails")


def test_a_pause_tells_who_goes_on_from_who_starts_anew(good: Scene, start: Start, rows: list[Row]) -> None:
    assert level("pause_recovery", perform("pause", good, rows, after_s=2.0)) == "prompt"
    assert level("pause_recovery", perform("pause", start(WATCHDOG="1", START_S="5.5"), rows)) in ("slow", "never")


def test_a_cut_tells_who_waits_for_the_network_from_who_dies_of_it(good: Scene, start: Start, rows: list[Row]) -> None:
    assert level("network_cut_recovery", perform("network_cut", good, rows, after_s=2.0)) == "prompt"
    assert level("network_cut_recovery", perform("network_cut", start(HEARTBEAT="1", START_S="5.5"), rows)) in ("slow", "never")


def test_a_cpu_shortage_tells_a_reserve_from_none(good: Scene, strained: Scene, rows: list[Row]) -> None:
    assert level("cpu_starvation", perform("cpu_starvation", good, rows, after_s=2.0)) == "graceful"
    assert level("cpu_starvation", perform("cpu_starvation", strained, rows)) in ("recovers", "slow", "never")


def test_a_kill_tells_a_quick_start_from_a_slow_one(good: Scene, start: Start, rows: list[Row]) -> None:
    assert level("sigkill_recovery", perform("sigkill", good, rows, after_s=1.0)) == "prompt"
    assert level("sigkill_recovery", perform("sigkill", start(START_S="6.5"), rows, after_s=1.0)) == "slow"


def test_a_drain_tells_answers_from_losses(good: Scene, start: Start, rows: list[Row]) -> None:
    assert level("sigterm_drain", perform("sigterm_drain", good, rows, after_s=1.0)) == "drains"
    assert level("sigterm_drain", perform("sigterm_drain", start(DRAIN="0"), rows, after_s=1.0)) == "drops"


def test_the_race_of_retraining_is_active_only_where_a_model_took_over(good: Scene, rows: list[Row]) -> None:
    ragged = switched(near_failed=7, flips=12)
    raced = perform("retrain_race", replace(good, known=Known(feedback=feedback(switches=[ragged]))), rows)
    assert raced.injected and (raced.facts["near_failed"], raced.facts["flips"]) == (7, 12)
    assert not perform("retrain_race", replace(good, known=Known(feedback=unlearned())), rows).injected
    assert not perform("retrain_race", good, rows).injected
