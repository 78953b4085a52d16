"""The parts of the fault experiments that need no engine."""

from __future__ import annotations

import re
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pytest

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from harness.faults.base import Seen
from harness.faults.catalogue import CATALOGUE, ENTRIES
from harness.faults.dependency import brier
from harness.faults.process import ready_after
from harness.faults.rollout import BadRollout, RollingUpdate
from harness.faults.runner import bearable
from harness.faults.stage import newcomers_first, rows_needed
from harness.load.outcomes import Outcome
from harness.load.trace import Trace


def trace(outcomes: list[Outcome], gap_s: float = 0.01, latency_s: float = 0.005, score: float = 0.5) -> Trace:
    """One request every `gap_s` from time 100 on."""
    n = len(outcomes)
    intended = 100.0 + gap_s * np.arange(n)
    outcome = np.array([int(o) for o in outcomes], dtype=np.int64)
    valid = outcome <= 1
    received = np.where(valid, intended + latency_s, nan)
    zeros = np.zeros(n, dtype=np.int64)
    return Trace(
        t0=100.0, intended=intended, sent=intended, received=received, done=intended + latency_s, score=np.where(valid, score, nan),
        status=np.where(valid, 200, 0), outcome=outcome, degraded=outcome == 1, retries=zeros, target=zeros, version=zeros, index=np.arange(n),
        versions=["1"], ids=[], cpu_s=0.0, end=200.0,
    )  # fmt: skip


def test_every_fault_of_every_mode_is_in_the_catalogue(challenge: LoadedChallenge) -> None:
    assert {fault for mode in challenge.spec.modes.values() for fault in mode.faults} <= set(CATALOGUE)
    assert len(ENTRIES) == len(CATALOGUE)


def test_the_documents_list_every_fault_with_its_number() -> None:
    text = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert listed == [(str(entry.number), entry.id) for entry in ENTRIES]


def test_the_catalogue_is_in_the_order_of_its_numbers() -> None:
    numbers = [entry.number for entry in ENTRIES]
    assert numbers == sorted(set(numbers))


def test_all_faults_together_fit_their_budget() -> None:
    assert sum(entry.budget_s for entry in ENTRIES) <= 540


def test_a_fault_gets_more_rows_than_a_sound_service_makes_it_send() -> None:
    for entry in ENTRIES:
        assert rows_needed(entry.id) >= entry.timing.rate_rps * entry.budget_s * 0.6


def test_a_service_is_ready_from_the_first_answer_after_which_it_stays_good() -> None:
    down, up = [Outcome.REFUSED], [Outcome.OK]
    record = trace(down * 100 + up * 3 + down * 60 + up * 100)
    assert ready_after(record, 100.0) == pytest.approx(1.63 + 0.005, abs=1e-6)


def test_a_service_that_never_stays_good_is_never_ready() -> None:
    assert ready_after(trace([Outcome.OK, Outcome.REFUSED] * 100), 100.0) == -1.0
    assert ready_after(trace([]), 100.0) == -1.0


def test_customers_are_new_for_as_long_as_there_are_new_ones(rows: list[Row]) -> None:
    ordered = newcomers_first(rows)
    customers = {str(row.features["customer_id"]) for row in rows}
    assert {str(row.features["customer_id"]) for row in ordered[: len(customers)]} == customers
    assert len(ordered) == len(rows)


def test_the_base_rate_scores_its_own_brier_and_the_truth_scores_better(rows: list[Row]) -> None:
    rate = float(np.mean([row.probability for row in rows[:500]]))
    answered = trace([Outcome.DEGRADED] * 500, score=rate)
    everything = np.ones(500, dtype=bool)
    seen = Seen(answered, rows, 100.0, 100.0, 200.0)
    served, base = brier(answered, everything, seen)
    assert served == pytest.approx(base)
    truth = replace(answered, score=np.array([row.probability for row in rows[:500]]))
    assert brier(truth, everything, seen)[0] < base


def test_no_answers_have_no_brier(rows: list[Row]) -> None:
    none = trace([Outcome.TIMEOUT] * 5)
    assert brier(none, np.zeros(5, dtype=bool), Seen(none, rows, 100.0, 100.0, 200.0)) == (-1.0, -1.0)


def updated(record: Trace) -> dict[str, float]:
    """Facts of an update: the store is held back from 100.5 to 100.56, the first instance is told to stop at 100.55."""
    fault = object.__new__(RollingUpdate)
    fault._began, fault._over, fault._second_ready_s, fault._own_model, fault._exit_s = 100.0, 200.0, 0.7, 1, 1.1
    fault._held_back, fault._told_at, fault._released = 100.5, 100.55, 100.56
    return fault.facts(Seen(record, [], 100.0, 100.55, 102.0))


def switched(lost: Outcome) -> Trace:
    """A hundred requests, one every 10 ms: each takes 70 ms while the store is held back, and the second instance gets those from 100.55 on."""
    whole = trace([Outcome.OK] * 100)
    slow = (whole.intended > 100.5 - 1e-9) & (whole.intended < 100.56)
    done = whole.intended + np.where(slow, 0.07, 0.005)
    held = (whole.intended > 100.505) & (whole.intended < 100.545)
    return replace(whole, done=done, target=(whole.intended > 100.545).astype(np.int64), outcome=np.where(held, int(lost), whole.outcome))


@pytest.mark.parametrize(
    ("became", "failed", "lost"), [(Outcome.DEGRADED, 0, 0), (Outcome.SHED, 0, 0), (Outcome.ERROR, 0, 0), (Outcome.RESET, 4, 4), (Outcome.EOF, 4, 4)]
)
def test_what_the_first_instance_holds_when_it_is_told_to_stop_must_be_answered_whole(became: Outcome, failed: int, lost: int) -> None:
    facts = updated(switched(became))
    assert (facts["held"], facts["failed"], facts["held_lost"]) == (5, failed, lost)
    assert (facts["sent"], facts["by_second"]) == (100, 45)


def test_before_and_after_the_store_is_held_back_only_a_prediction_will_do() -> None:
    refused = replace(trace([Outcome.OK] * 100), outcome=np.array([2] * 10 + [0] * 80 + [2] * 10))
    assert updated(refused)["failed"] == 20


def released(scores: np.ndarray, record: Trace, rows: list[Row]) -> dict[str, float]:
    """Facts of a bad rollout in which the second instance answered everything, with these scores."""
    fault = object.__new__(BadRollout)
    fault._began, fault._ready, fault._opened = 100.0, True, 1
    answered = replace(record, score=scores, target=np.ones(len(record), dtype=np.int64))
    return fault.facts(Seen(answered, rows, 100.0, 100.0, 103.0))


def test_scores_of_a_model_are_told_from_made_up_ones(rows: list[Row]) -> None:
    record, truth = trace([Outcome.OK] * 200), np.array([row.probability for row in rows[:200]])
    assert released(truth**0.5, record, rows)["second_rank"] == pytest.approx(1.0)
    assert released(np.full(200, 0.05), record, rows)["second_rank"] == 0.0
    assert abs(released(np.random.default_rng(7).random(200), record, rows)["second_rank"]) < 0.25
    few = released(truth[:20], trace([Outcome.OK] * 20), rows)
    assert few["second_valid"] == 20 and "second_rank" not in few


@pytest.mark.parametrize("most", [None, 250.0, 5000.0])
def test_a_service_that_bears_the_probe_gets_it_as_it_is(most: float | None) -> None:
    for entry in CATALOGUE.values():
        assert bearable(entry, most) is entry


@pytest.mark.parametrize("id", ["dependency_slow", "sigterm_drain", "pause"])
def test_a_slow_service_gets_a_probe_that_leaves_it_room(id: str) -> None:
    usual, slow = CATALOGUE[id].timing, bearable(CATALOGUE[id], 30.0).timing
    assert slow.rate_rps == pytest.approx(18)
    assert slow.burst_rps / slow.rate_rps == pytest.approx(usual.burst_rps / usual.rate_rps)
    assert slow.fault_s == (2 if id == "dependency_slow" else 1) * usual.fault_s
    assert bearable(CATALOGUE[id], 1.0).timing.rate_rps == 5.0
