from __future__ import annotations

import pytest

from checks.builders import CHALLENGE, alert, drift, false_alarms
from grader.checks.analysis.gauges import moved_gauges
from grader.checks.analysis.signals import Signal, episodes, listen
from grader.checks.analysis.stretches import stretches
from grader.schema.evidence import Alert


def only_signal(evidence) -> Signal:
    (signal,) = listen(evidence, CHALLENGE).signals
    return signal


def counted(evidence) -> tuple[int, int]:
    alarms = listen(evidence, CHALLENGE).alarms
    return alarms.up, alarms.controls


def gauges_by_window(values):
    """One gauge with a value per window index."""
    return lambda window: {"distance_km_psi": values[window.index]}


CALM = [0.0, 0.01, 0.03, 0.02, 0.01, 0.02, 0.03]


def test_repeated_posts_are_one_episode_and_features_are_apart():
    posts = [*alert("amount", 100), *alert("amount", 600), *alert("country", 650), ("DataDrift", "resolved", "amount", 900)]
    found = episodes(drift(posts))
    assert [(e.feature, e.start, e.end) for e in found] == [("amount", 100, 900), ("country", 650, None)]


def labelled(status, request, **labels):
    return Alert(name="DataDrift", status=status, labels={"feature": "amount", **labels}, at_s=request / 200, request=request)


@pytest.mark.parametrize(
    ("alerts", "end"),
    [
        ([labelled("firing", 4000, psi="0.31"), labelled("resolved", 6600, psi="0.02")], None),
        ([labelled("firing", 4000, at="12:00"), labelled("firing", 4500, at="12:01"), labelled("resolved", 6600, at="12:01")], None),
        ([labelled("firing", 4000), labelled("firing", 4500), labelled("resolved", 6600)], 6600),
        ([labelled("firing", 4000, job="a"), labelled("firing", 4500, job="b"), *(labelled("resolved", 6600, job=job) for job in "ab")], 6600),
        ([labelled("firing", 4000, severity="warning"), labelled("firing", 4500, severity="critical"), labelled("resolved", 6600)], 6600),
    ],
    ids=["a value among the labels", "a time among them", "the same labels", "two of them, each resolved", "another severity"],
)
def test_an_alert_ends_where_its_own_labels_are_resolved(alerts, end):
    assert [e.end for e in episodes(drift().model_copy(update={"alerts": alerts}))] == [end]


def test_a_resolved_that_nothing_fired_is_ignored():
    assert episodes(drift([("DataDrift", "resolved", "amount", 900)])) == []


def test_operational_alerts_are_not_drift_unless_they_blame_a_feature():
    posts = [("FeatureStoreDown", "firing", "", 4000), ("HighErrorRate", "firing", "", 4000), ("StoreNulls", "firing", "amount", 4000)]
    assert [e.name for e in episodes(drift(posts))] == ["StoreNulls"]


@pytest.mark.parametrize(("request_", "heard"), [(3500, False), (3501, True), (6000, True), (6001, False)])
def test_an_alert_answers_a_drift_up_to_2500_requests_after_its_onset(request_, heard):
    evidence = drift(alert("distance_km", request_))
    assert bool(only_signal(evidence).episodes) is heard


@pytest.mark.parametrize(("end", "resolved"), [(8400, True), (8401, False), (None, False)])
def test_a_misaligned_monitor_has_a_window_and_two_seconds_of_grace_to_resolve(end, resolved):
    evidence = drift(alert("distance_km", 4000, end))
    assert only_signal(evidence).resolved is resolved


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
    assert bool(moved_gauges(evidence, stretches(evidence)[0])) is moved


@pytest.mark.parametrize(
    "name", ["process_resident_memory_bytes", "request_latency_p95", "http_requests_in_flight", "model_info", "last_run_timestamp"]
)
def test_series_that_move_with_time_or_traffic_are_ignored(name):
    evidence = drift(gauges=lambda w: {f'{name}{{feature="distance_km"}}': 9.0 if w.phase == "drifted" else 0.1})
    assert moved_gauges(evidence, stretches(evidence)[0]) == []


def test_a_kind_that_was_not_sent_has_no_stretch():
    evidence = drift()
    unsent = [w.model_copy(update={"sent": 0}) if w.phase == "drifted" else w for w in evidence.windows]
    assert stretches(evidence.model_copy(update={"windows": unsent})) == []


def test_a_rule_of_prometheus_gets_the_seconds_of_its_loop_at_the_rate_of_production():
    late = alert("distance_km", 6300, 8800)
    assert not only_signal(drift(late)).episodes
    by_rule = only_signal(drift(late, source="alertmanager"))
    assert by_rule.delay == 2800 - 300  # 3 s at 200/s instead of production's 100/s
    assert by_rule.resolved


def test_an_alert_that_names_nothing_or_a_wrong_feature_answers_nothing():
    posts = [*alert("", 4000, 6500), *alert("amount", 4100, 6600), *alert("score", 4200, 6600), *alert("avg_amount_30d", 4200, 6600)]
    signal = only_signal(drift(posts))
    assert (signal.episodes, signal.delay) == ((), None)
    assert [e.feature for e in signal.unnamed] == [""]
    assert [e.feature for e in signal.strays] == ["amount"]  # the others cannot have been drawn: no guess, and no proof of one


def test_one_stray_is_free_and_more_alarms_wrong_than_right_are_guesses():
    right = alert("distance_km", 4100, 6600)
    one = listen(drift(alert("amount", 5000, 5200) + right), CHALLENGE).alarms
    assert (one.strays, one.count, one.guessing) == (1, 0, False)
    two = listen(drift(alert("amount", 5000, 5200) + alert("country", 5000, 5200) + right), CHALLENGE).alarms
    assert (two.strays, two.count, two.guessing) == (2, 1, True)


def test_one_hit_among_three_drifts_is_luck_and_two_are_not():
    three = ["covariate", "unit", "missing"]
    lucky = alert("distance_km", 4100, 6600)
    assert listen(drift(lucky, kinds=three), CHALLENGE).alarms.guessing
    most = lucky + alert("amount", 8100, 10600)
    assert not listen(drift(most + alert("country", 700, 900), kinds=three), CHALLENGE).alarms.guessing


@pytest.mark.parametrize(("at", "answered"), [(3600, False), (4100, False), (4150, False), (4151, True), (5000, True)])
def test_a_wrong_input_blamed_before_the_right_one_or_at_once_undoes_the_answer(at, answered):
    assert bool(only_signal(drift(alert("distance_km", 4100, 6600) + alert("amount", at, at + 100))).episodes) is answered


def test_an_alert_that_begins_late_in_the_recovery_is_on_clean_data():
    assert [listen(drift(alert("distance_km", at, at + 50)), CHALLENGE).alarms.clean for at in (6900, 6901)] == [0, 1]


def test_an_alert_without_a_feature_that_begins_in_most_runs_is_a_clock_and_answers_no_shifted_base_rate():
    kinds = ["covariate", "unit", "missing", "prior"]
    only = alert("", 16_000, 18_500)
    everywhere = [post for i in range(4) for post in alert("", 4000 + 4000 * i, 6500 + 4000 * i)]
    assert [bool(listen(drift(posts, kinds=kinds), CHALLENGE).of("prior").episodes) for posts in (only, everywhere)] == [True, False]


def test_a_gauge_of_one_feature_that_moves_under_drifts_of_others_follows_a_clock():
    def evidence(runs):
        kinds = ["covariate", "unit", "missing"]
        return drift(kinds=kinds, gauges=lambda w: {"distance_km_psi": 0.4 if w.phase == "drifted" and w.run in runs else 0.01})

    seen = [bool(moved_gauges(found, stretches(found)[0])) for found in (evidence({0}), evidence({0, 1}), evidence({0, 1, 2}))]
    assert seen == [True, False, False]



def test_the_weakest_run_that_must_be_noticed_is_the_one_that_is_judged():
    heard = listen(drift(kinds=["covariate 1.0", "covariate 0.25", "covariate 0.5"]), CHALLENGE)
    assert heard.of("covariate").stretch.onset == 3500 + 2 * 4000
    assert [signal.stretch.kind for signal in heard.must] == ["covariate"] and heard.of("unit") is None


def test_what_an_earlier_drift_left_in_another_gauge_is_no_move_alongside():
    def moving(far):
        return drift(gauges=lambda w: {"distance_km_psi": 0.4 if w.phase == "drifted" else 0.01, "amount_psi": far if w.phase == "drifted" else 0.01})

    seen = [bool(moved_gauges(found, stretches(found)[0], ["distance_km", "amount"])) for found in (moving(0.05), moving(0.3))]
    assert seen == [True, False]


def test_gauges_of_many_features_that_move_together_say_nothing():
    def moving(*features):
        return drift(gauges=lambda w: {f"{f}_psi": 0.4 if w.phase == "drifted" else 0.01 for f in features})

    known = ["distance_km", "amount", "country"]
    for features, seen in ((["distance_km"], True), (["distance_km", "amount"], False), (known, False), (["amount"], False)):
        evidence = moving(*features)
        assert bool(moved_gauges(evidence, stretches(evidence)[0], known)) is seen
