"""Switches of version are told from traces by arithmetic: races are no fault, two workers apart are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from challenges.simulator import Row
from harness.feedback import record
from harness.feedback.document import MAX_LEAVES, capped
from harness.feedback.labels import Posted
from harness.load.outcomes import Outcome
from harness.load.trace import Trace

TOOK_S = 0.02


def trace(versions: Sequence[str], failed: Sequence[int] = (), gap_s: float = 0.01, start: float = 100.0) -> Trace:
    """A request every `gap_s`, answered after TOOK_S by the version named; those in `failed` are answered by an error."""
    n, names = len(versions), list(dict.fromkeys(versions))
    sent = start + gap_s * np.arange(n)
    outcome = np.full(n, Outcome.OK, dtype=np.int64)
    outcome[list(failed)] = Outcome.ERROR
    version = np.array([names.index(v) for v in versions])
    version[list(failed)] = -1
    none, done = np.zeros(n, dtype=np.int64), sent + TOOK_S
    return Trace(
        t0=start, intended=sent, sent=sent, received=done, done=done, score=np.full(n, 0.1), status=none + 200, outcome=outcome,
        degraded=none.astype(bool), retries=none, target=none, version=version, index=np.arange(n), versions=names,
        ids=[str(i) for i in range(n)], cpu_s=0.0, end=float(done[-1]),
    )  # fmt: skip


def test_answers_in_flight_at_the_switch_are_no_return_of_the_old_version() -> None:
    (switch,) = record.switches(trace(["a"] * 50 + ["b", "a", "b"] + ["b"] * 50), [], since=100.0)
    assert (switch.before, switch.after, switch.old_answers, switch.flips) == ("a", "b", 0, 0)
    assert switch.at_s == pytest.approx(0.52)


def test_two_workers_apart_are_many_flips_and_a_rollback_is_one() -> None:
    apart, back = (record.switches(trace(["a"] * 300 + more), [], since=100.0)[0] for more in (["b", "a"] * 300, ["b"] * 100 + ["a"] * 500))
    assert apart.flips > 500 and apart.old_answers > 250 and apart.old_answers_late > 100
    assert back.flips == 1 and back.old_answers == 500


def test_requests_that_fail_near_the_switch_are_counted_and_far_ones_are_not() -> None:
    (switch,) = record.switches(trace(["a"] * 500 + ["b"] * 500, failed=[3, 490, 520]), [], since=100.0)
    assert switch.near_failed == 2 and 390 <= switch.near <= 410


def test_labels_taken_by_the_switch_are_those_with_a_2xx_before_it() -> None:
    posted = [Posted(0, 202, 100.1), Posted(1, 500, 100.2), Posted(2, None, 100.3), Posted(3, 200, 104.0)]
    (switch,) = record.switches(trace(["a"] * 100 + ["b"] * 100), posted, since=100.0)
    assert switch.labels_taken == 1


def test_two_plans_join_to_one_stream_with_one_list_of_versions() -> None:
    joined = record.join(trace(["a"] * 10 + ["b"] * 10), trace(["b"] * 5 + ["c"] * 5, failed=[9], start=200.0), shift=30)
    assert [joined.versions[v] if v >= 0 else None for v in joined.version.tolist()] == ["a"] * 10 + ["b"] * 15 + ["c"] * 4 + [None]
    assert joined.index.tolist() == [*range(20), *range(30, 40)]


def test_a_score_at_the_true_probability_has_no_excess_and_one_beside_it_its_square() -> None:
    rows = [Row({}, {}, i % 2, 0.1) for i in range(40)]
    exact, beside = record.served(rows, trace(["a"] * 40)), record.served([Row({}, {}, i % 2, 0.3) for i in range(40)], trace(["a"] * 40))
    assert exact and exact.excess == pytest.approx(0) and exact.brier == pytest.approx(exact.reference_brier)
    assert beside and beside.excess == pytest.approx(0.04)
    assert record.served(rows[:1], trace(["a"])) is None


def test_a_generator_that_was_late_or_dropped_voids_the_run() -> None:
    sound = trace(["a"] * 200)
    dropped = np.where(np.arange(200) < 5, Outcome.DROPPED, Outcome.OK)
    assert record.void(sound) is None
    assert "never sent" in (record.void(Trace(**{**sound.__dict__, "outcome": dropped})) or "")
    assert "late" in (record.void(Trace(**{**sound.__dict__, "intended": sound.intended - 0.2})) or "")


def test_a_version_document_of_any_size_is_cut_and_stripped() -> None:
    found = capped({"a": "x" * 9999, "b\x1b[31m": list(range(999)), "c": {"d": {"e": None}}})
    assert len(str(found["a"])) <= 200 and "\x1b" not in str(found)
    assert len(found["b"]) <= MAX_LEAVES
