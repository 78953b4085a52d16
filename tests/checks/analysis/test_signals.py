from __future__ import annotations

import pytest

from checks.builders import alert, drift, false_alarms
from grader.checks.analysis.signals import episodes, moved_gauges, signal_of, stretch_of, stretches
from grader.checks.analysis.signals import false_alarms as counted


def gauges_by_window(values):
    """One gauge with a value per window index."""
    return lambda window: {"drift_score": values[window.index]}


CALM = [0.0, 0.01, 0.03, 0.02, 0.01, 0.02, 0.03]


def test_repeated_posts_are_one_episode_and_features_are_apart():
    posts = [*alert("amount", 100), *alert("amount", 600), *alert("country", 650), ("DataDrift", "resolved", "amount", 900)]
    found = episodes(drift(posts).alerts)
    assert [(e.feature, e.start, e.end) for e in found] == [("amount", 100, 900), ("country", 650, None)]


def test_a_resolved_that_nothing_fired_is_ignored():
    assert episodes(drift([("DataDrift", "resolved", "amount", 900)]).alerts) == []


def test_operational_alerts_are_not_drift_unless_they_blame_a_feature():
    posts = [("FeatureStoreDown", "firing", "", 4000), ("HighErrorRate", "firing", "", 4000), ("StoreNulls", "firing", "amount", 4000)]
    assert [e.name for e in episodes(drift(posts).alerts)] == ["StoreNulls"]


@pytest.mark.parametrize(("request_", "heard"), [(3500, False), (3501, True), (6000, True), (6900, True), (6901, False)])
def test_a_misaligned_monitor_has_a_window_and_two_seconds_of_grace(request_, heard):
    evidence = drift(alert("distance_km", request_))
    assert bool(signal_of(evidence, stretches(evidence)[0]).episodes) is heard


@pytest.mark.parametrize(("end", "resolved"), [(8400, True), (8401, False), (None, False)])
def test_resolution_has_the_same_grace_after_the_clean_windows(end, resolved):
    evidence = drift(alert("distance_km", 4000, end))
    assert signal_of(evidence, stretches(evidence)[0]).resolved is resolved


@pytest.mark.parametrize(
    ("posts", "expected"),
    [([], 0), (false_alarms(3), 3), (alert("x", 0), 6), (alert("x", 0, 1200), 2), (alert("x", 4000), 0), (alert("x", 4000, 9999), 0)],
)
def test_false_alarms_are_clean_windows_with_an_alert_that_began_on_clean_data(posts, expected):
    assert counted(drift(posts)) == (expected, 6)


@pytest.mark.parametrize(
    ("drifted", "recovery", "moved"),
    [
        ([0.02, 0.4, 0.4, 0.4, 0.4], [0.3, 0.02, 0.02], True),  # the first window is misaligned
        ([0.4, 0.4, 0.4, 0.4, 0.4], [0.4, 0.4, 0.4], False),  # never comes back: a trend, no signal
        ([0.4, 0.03, 0.03, 0.4, 0.03], [0.02, 0.02, 0.02], False),
        ([0.045, 0.045, 0.045, 0.045, 0.045], [0.02, 0.02, 0.02], False),  # within the widened range
    ],
)
def test_a_gauge_moves_when_it_leaves_its_own_range_and_comes_back(drifted, recovery, moved):
    evidence = drift(gauges=gauges_by_window([*CALM, *drifted, *recovery]))
    assert bool(moved_gauges(evidence, stretch_of(evidence, "covariate"))) is moved


@pytest.mark.parametrize(
    "name", ["process_resident_memory_bytes", "request_latency_p95", "http_requests_in_flight", "model_info", "last_run_timestamp"]
)
def test_series_that_move_with_time_or_traffic_are_ignored(name):
    evidence = drift(gauges=lambda w: {name: 9.0 if w.phase == "drifted" else 0.1})
    assert moved_gauges(evidence, stretch_of(evidence, "covariate")) == []


def test_a_kind_that_was_not_sent_has_no_stretch():
    evidence = drift()
    unsent = [w.model_copy(update={"sent": 0}) if w.phase == "drifted" else w for w in evidence.windows]
    assert stretches(evidence.model_copy(update={"windows": unsent})) == []
