"""Fault experiments on a real container, with a good and a bad service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from challenges.simulator import Row
from grader.schema.causes import Trouble
from grader.schema.evidence.faults import FaultRecord
from grader.schema.evidence.load import TimeBin
from harness.faults import process, runner, stage
from harness.faults.base import Scene, Timing
from harness.faults.catalogue import CATALOGUE
from harness.faults.process import Pause

pytestmark = pytest.mark.engine

SHORT = Timing(before_s=1.0, fault_s=1.5, after_s=1.5, rate_rps=100.0)


@pytest.fixture(scope="module")
def good(start: Callable[..., Scene]) -> Scene:
    return start()


@pytest.fixture(scope="module")
def bad(start: Callable[..., Scene]) -> Scene:
    """Waits for the feature store for ever and drops what it holds at SIGTERM."""
    return start(DEADLINE_S="0", DRAIN="0")


def perform(id: str, scene: Scene, rows: list[Row], timing: Timing = SHORT) -> FaultRecord:
    usual = CATALOGUE[id].timing
    timing = replace(timing, rate_rps=usual.rate_rps, burst_rps=usual.burst_rps, burst_s=usual.burst_s)
    return runner.run(replace(CATALOGUE[id], timing=timing), scene, stage.newcomers_first(rows))


def during(record: FaultRecord) -> Iterator[TimeBin]:
    assert record.inject_s is not None and record.undo_s is not None
    return (b for b in record.bins if record.inject_s + 0.1 <= b.t_s < record.undo_s - 0.1)


def well_afterwards(record: FaultRecord) -> bool:
    last = record.bins[-10:-1]
    return sum(b.ok for b in last) >= 0.95 * sum(b.sent for b in last) > 0


def test_a_pause_stops_answers_and_a_good_service_recovers(good: Scene, rows: list[Row]) -> None:
    record = perform("pause", good, rows)
    assert record.injected and record.failure is None
    assert record.facts["healthy_before"] == 1.0
    assert record.facts["pause_s"] == pytest.approx(1.5, abs=0.3)
    assert record.inject_s == pytest.approx(1.0, abs=0.2)
    slowest = max(b.p95_ms or 0 for b in during(record))
    assert slowest > 1000
    assert 0 in {status for _, status in record.liveness}
    assert well_afterwards(record)
    assert good.candidate.state().restart_count == 0


def test_a_draining_service_loses_nothing_at_sigterm(good: Scene, rows: list[Row]) -> None:
    record = perform("sigterm_drain", good, rows)
    assert record.injected and record.failure is None
    assert record.facts["in_flight_at_signal"] >= process.IN_FLIGHT
    assert record.facts["in_flight_lost"] == 0
    assert 0 < record.facts["exit_s"] < 5
    assert 0 < record.facts["ready_s"] < 5
    assert well_afterwards(record)


def test_a_service_that_leaves_at_once_loses_what_it_holds(bad: Scene, rows: list[Row]) -> None:
    record = perform("sigterm_drain", bad, rows)
    assert record.injected and record.failure is None
    assert record.facts["in_flight_lost"] >= 0.9 * record.facts["in_flight_at_signal"] >= 0.9 * process.IN_FLIGHT


def test_a_killed_service_is_restarted_by_the_engine(good: Scene, rows: list[Row]) -> None:
    record = perform("sigkill", good, rows)
    assert record.injected and record.failure is None
    assert record.facts["restarts"] == 1
    assert 0 < record.facts["ready_s"] < 5
    assert record.undo_s == record.inject_s
    assert well_afterwards(record)


def test_a_fallback_is_seen_as_degraded_in_time_and_counted(good: Scene, rows: list[Row]) -> None:
    record = perform("dependency_slow", good, rows)
    assert record.injected and record.failure is None
    facts = record.facts
    assert facts["hits"] > 100 and facts["hits_before"] > 50
    assert facts["n_degraded"] > 100
    assert facts["n_plain_ok"] == 0
    assert facts["distinct_degraded"] > 50
    assert 0 < facts["brier_degraded"] < 0.25
    assert max(b.p95_ms or 0 for b in during(record)) < 300
    assert well_afterwards(record)


def test_waiting_for_a_slow_dependency_is_seen_as_waiting(bad: Scene, rows: list[Row]) -> None:
    record = perform("dependency_slow", bad, rows)
    assert record.injected and record.failure is None
    assert record.facts["n_degraded"] == record.facts["n_plain_ok"] == 0
    assert record.facts["n_waited"] > 20
    assert min(b.p95_ms or 9999 for b in during(record) if b.sent) >= 950


def test_malformed_inputs_are_refused_one_by_one(good: Scene, rows: list[Row]) -> None:
    record = perform("malformed_input", good, rows, Timing(0.3, 0.0, 0.3))
    assert record.injected
    by_name = {case.name: case for case in record.cases}
    assert by_name["not_json"].status == 400
    assert by_name["oversize"].status == 413
    assert by_name["unicode_name"].status == 200
    assert all(case.alive_after for case in record.cases)


@pytest.mark.parametrize("id", CATALOGUE)
def test_without_injection_nothing_counts_as_injected(id: str, good: Scene, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    kind = CATALOGUE[id].kind
    monkeypatch.setattr(kind, "inject", lambda self: 0.0)
    monkeypatch.setattr(process, "EXIT_S", 0.2)
    monkeypatch.setattr(process, "RESTART_S", 0.2)
    record = perform(id, good, rows, Timing(0.2, 0.3, 0.2))
    assert not record.injected
    assert record.failure is None
    assert record.cases == []


def test_a_fault_is_undone_whatever_breaks_while_it_is_active(good: Scene, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Pause) -> None:
        raise Trouble("engine_lost", "in mid-fault")

    monkeypatch.setattr(Pause, "hold", broken)
    record = perform("pause", good, rows, Timing(0.2, 0.3, 0.2))
    assert not record.injected
    assert record.failure is not None and record.failure.cause == "engine_lost"
    assert not good.candidate.state().paused


def test_a_service_that_does_not_come_back_is_started_anew_on_record(good: Scene, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_it_dead(entry: object, scene: Scene, given: list[Row]) -> FaultRecord:
        scene.candidate.stop(1)
        return runner.blank(CATALOGUE["pause"], "", Trouble("service_gone", "").failure).model_copy(update={"failure": None})

    monkeypatch.setattr(stage, "run", leave_it_dead)
    monkeypatch.setattr(stage, "BACK_S", 0.5)
    mode = good.challenge.spec.modes["quick"].model_copy(update={"faults": ["pause"]})
    evidence = stage.collect(good.topology, good.candidate, good.generator, good.challenge, mode, lambda _: rows, good.seeds)
    assert evidence.faults[0].facts["restarted_by_harness"] == 1
    assert good.predicts(rows[0]) is not None


def test_after_a_service_is_gone_for_good_later_faults_say_so(good: Scene, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    blank = runner.blank(CATALOGUE["pause"], "", Trouble("service_gone", "").failure).model_copy(update={"failure": None})
    monkeypatch.setattr(stage, "run", lambda entry, scene, given: blank)
    monkeypatch.setattr(stage, "is_back", lambda *_: False)
    monkeypatch.setattr(stage, "restart", lambda *_: True)
    mode = good.challenge.spec.modes["quick"].model_copy(update={"faults": ["pause", "sigkill"]})
    evidence = stage.collect(good.topology, good.candidate, good.generator, good.challenge, mode, lambda _: rows, good.seeds)
    later = evidence.fault("sigkill")
    assert later is not None and later.failure is not None
    assert (later.failure.cause, later.injected) == ("service_gone", False)
