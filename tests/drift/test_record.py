"""Arithmetic of the evidence on hand-made traces."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_service import SentAlert

from challenges.simulator import Drift
from grader.schema.evidence import Family, Sample
from harness.drift import record
from harness.drift.gauges import MAX_SERIES, gauges
from harness.drift.plan import PlannedWindow, Schedule
from harness.load.outcomes import Outcome
from harness.load.trace import Trace

DRIFT = Drift("unit", 0.5, "amount")
SCHEDULE = Schedule([PlannedWindow("control", None, 0, 4), PlannedWindow("drifted", 0, 4, 3), PlannedWindow("recovery", 0, 7, 3)], [DRIFT])


def trace(outcomes: list[Outcome]) -> Trace:
    """One request a second from second 100; score i/10 for valid answers, index as given."""
    n = len(outcomes)
    at = 100.0 + np.arange(n, dtype=np.float64)
    outcome = np.array(outcomes, dtype=np.int64)
    valid = outcome <= Outcome.DEGRADED
    sent = np.where(outcome == Outcome.DROPPED, np.nan, at)
    zeros = np.zeros(n, dtype=np.int64)
    return Trace(
        t0=100.0, intended=at, sent=sent, received=np.where(valid, at + 0.1, np.nan), done=at + 0.1, score=np.where(valid, np.arange(n) / 10, np.nan),
        status=np.where(valid, 200, 0), outcome=outcome, degraded=outcome == Outcome.DEGRADED, retries=zeros, target=zeros,
        version=np.where(valid, 0, -1), index=np.arange(n), versions=["1"], ids=[str(i) for i in range(n)], cpu_s=0.0, end=at[-1] + 1 if n else 0.0,
    )  # fmt: skip


def test_windows_count_what_was_sent_and_answered_and_keep_the_run() -> None:
    outcomes = [Outcome.OK] * 3 + [Outcome.DROPPED, Outcome.DEGRADED, Outcome.TIMEOUT] + [Outcome.OK] * 4
    control, drifted, recovery = record.windows(SCHEDULE, trace(outcomes), {1: {"g": 2.0}}, since=90.0)
    assert (control.sent, control.ok, control.run) == (3, 3, None)
    assert (control.start_s, control.end_s) == (10.0, 12.0)
    assert control.mean_score == pytest.approx(0.1)
    assert (drifted.sent, drifted.ok, drifted.run, drifted.gauges) == (3, 2, 0, {"g": 2.0})
    assert (recovery.run, recovery.first_request) == (0, 7)
    assert [run.model_dump() for run in record.runs(SCHEDULE)] == [{"kind": "unit", "severity": 0.5, "feature": "amount"}]


def test_a_stream_that_was_cut_off_leaves_empty_windows_and_is_void() -> None:
    cut = trace([Outcome.OK] * 4)
    assert [window.sent for window in record.windows(SCHEDULE, cut, {}, since=0)] == [4, 0, 0]
    assert "6 of 10 requests were never sent" in (record.void(SCHEDULE, cut) or "")
    assert record.void(SCHEDULE, trace([Outcome.REFUSED] * 10)) is None


def alert(at: float, status: str = "firing", name: str = "Drift", **labels: str) -> SentAlert:
    return SentAlert(name, status, labels, at)


def test_an_alert_knows_how_many_requests_had_been_sent() -> None:
    seen = record.alerts([alert(99.0), alert(103.5, "resolved"), alert(500.0)], SCHEDULE, trace([Outcome.OK] * 10), since=90.0)
    assert [(a.request, a.at_s, a.status) for a in seen] == [(0, 9.0, "firing"), (4, 13.5, "resolved"), (10, 410.0, "firing")]


def test_resent_alerts_are_kept_once_per_window() -> None:
    resent = [alert(100.5 + second, feature="amount") for second in range(9)]
    assert [a.request for a in record.alerts(resent, SCHEDULE, trace([Outcome.OK] * 10), since=0)] == [1, 5, 8]


def test_an_alert_that_flaps_within_a_window_ends_as_it_really_ended() -> None:
    flaps = [alert(100.1 + i / 10, status) for i, status in enumerate(["firing", "firing", "resolved", "firing", "resolved", "firing"])]
    assert [a.status for a in record.alerts(flaps, SCHEDULE, trace([Outcome.OK] * 10), since=0)] == [
        "firing", "resolved", "firing", "resolved", "firing",
    ]  # fmt: skip


def test_an_alert_flood_is_capped_and_hostile_labels_are_stripped() -> None:
    flood = [alert(100.5, name=f"n{i}") for i in range(record.MAX_ALERTS + 50)]
    assert len(record.alerts(flood, SCHEDULE, trace([Outcome.OK] * 10), since=0)) == record.MAX_ALERTS
    hostile = record.alerts([alert(101, name="\x1b[31mred\u202e", feature="x" * 999)], SCHEDULE, trace([Outcome.OK] * 10), since=0)
    assert hostile[0].name == "red"
    assert len(hostile[0].labels["feature"]) <= record.MAX_TEXT


def family(name: str, values: dict[str, float | None], type: str = "gauge", label: str = "feature") -> Family:
    return Family(name=name, type=type, samples=[Sample(name=name, labels={label: key}, value=value) for key, value in values.items()])


def test_only_gauges_that_may_be_about_data_are_kept() -> None:
    kept = gauges([
        family("drift", {"amount": 1.0, "channel": None}), family("process_open_fds", {"a": 1.0}), family("python_info", {"a": 1.0}),
        family("requests", {"a": 1.0}, type="counter"), family("x_created", {"a": 1.0}),
    ])  # fmt: skip
    assert kept == {'drift{feature="amount"}': 1.0}


def test_when_there_are_too_many_series_those_that_name_a_feature_stay() -> None:
    flood = family("a", {str(i): 1.0 for i in range(2 * MAX_SERIES)}, label="shard")
    kept = gauges([flood, family("z_drift", {"amount": 2.0})])
    assert len(kept) == MAX_SERIES
    assert kept['z_drift{feature="amount"}'] == 2.0
