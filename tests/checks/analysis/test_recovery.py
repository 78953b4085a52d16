from __future__ import annotations

import pytest

from checks.builders import fault, timeline
from grader.checks.analysis.recovery import before, calm_share, during, good_share, recovered_at, recovery_s

DOWN = {"failed": 1.0}


@pytest.mark.parametrize(
    ("after_undo", "expected"),
    [
        ([(4.0, {})], 0.0),
        ([(0.7, DOWN), (4.0, {})], 0.7),
        ([(0.3, DOWN), (0.1, {}), (0.6, DOWN), (4.0, {})], 1.0),  # one lucky bin is no recovery
        ([(1.0, {}), (2.0, DOWN), (4.0, {})], 0.0),  # what fails a second later is another incident
        ([(4.0, DOWN)], None),
        ([(3.8, DOWN), (0.2, {})], None),  # too short to prove anything
        ([(3.4, DOWN), (0.6, {})], 3.4),
        ([(2.0, {"shed": 1.0}), (2.0, {"degraded": 1.0})], 2.0),  # shedding is no service, a fallback is
        ([(4.0, {"failed": 0.1})], None),  # nine in ten is not normal
    ],
)
def test_recovery_is_read_over_a_second(after_undo, expected):
    record = fault("pause", (2.0, {}), (3.0, DOWN), *after_undo)
    assert recovery_s(record) == (None if expected is None else pytest.approx(expected))


def test_recovery_can_ask_for_speed_too():
    bins = timeline((1.5, {"p95": 900}), (3.0, {"p95": 20}))
    assert recovered_at(bins, 0.0) == 0.0
    assert recovered_at(bins, 0.0, p95_ms=100) == pytest.approx(1.1)  # the median of the hold decides


def test_bins_in_which_nothing_was_sent_are_no_evidence():
    record = fault("pause", (2.0, {}), (3.0, DOWN), (4.0, {}))
    empty = [b.model_copy(update={"sent": 0, "ok": 0, "p95_ms": None}) if b.t_s >= 5 else b for b in record.bins]
    assert recovery_s(record.model_copy(update={"bins": empty})) is None
    assert good_share([]) is None
    assert calm_share([]) is None


def test_edges_belong_to_neither_world():
    record = fault("pause", (2.0, {}), (3.0, DOWN), (4.0, {}))
    assert during(record)[0].t_s == pytest.approx(2.1)
    assert during(record)[-1].t_s == pytest.approx(4.8)
    assert good_share(during(record)) == 0
    assert good_share(before(record)) == 1


def test_without_an_undo_there_is_no_recovery():
    record = fault("pause").model_copy(update={"undo_s": None})
    assert recovery_s(record) is None
    assert during(record) == []
