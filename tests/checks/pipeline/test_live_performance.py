from __future__ import annotations

import pytest

from checks.builders import brier_readings, feedback, labels_refused, level, unlearned
from grader.schema.evidence import FeedbackEvidence, GaugeReading

ALERT = feedback().alerts[0]


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("alerted", feedback()),
        ("moved", feedback(alerts=[])),
        ("moved", feedback(alerts=[ALERT.model_copy(update={"at_s": 3.0})])),
        ("moved", feedback(alerts=[ALERT.model_copy(update={"name": "LatencyHigh"})])),
        ("shown", feedback(alerts=[], readings=brier_readings(0.0515))),
        ("silent", feedback(alerts=[], readings=[])),
        ("silent", feedback(alerts=[ALERT.model_copy(update={"name": "FeatureDrift", "labels": {"feature": "amount"}})], readings=[])),
        ("silent", unlearned()),
        ("silent", labels_refused()),
        ("unknown", feedback(void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", FeedbackEvidence()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("live_performance", feedback=evidence) == expected


def readings(calm: float, before: float, after: float) -> list[GaugeReading]:
    """The service changes its model at 12 s; four readings in calm, four before that and four after it."""
    values = [*[calm, calm * 1.02] * 2, *[before] * 4, *[after] * 4]
    times = [2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 9.0, 11.0, 12.2, 12.7, 13.2, 13.7]
    return [GaugeReading(at_s=at, request=round(at * 300), gauges={"live_brier": value}) for at, value in zip(times, values, strict=True)]


@pytest.mark.parametrize(
    ("expected", "name", "at_s"),
    [
        ("silent", "ScoreDrift", 12.6),
        ("silent", "ScoreDrift", 9.0),
        ("silent", "PredictionDistributionShift", 9.0),
        ("silent", "ModelQuality", 12.6),
        ("alerted", "ModelQuality", 11.9),
        ("alerted", "ConceptDrift", 9.0),
        ("alerted", "LabelScoreMismatch", 9.0),
    ],
)
def test_what_fires_once_the_service_changed_its_own_model_tells_of_that_change(expected, name, at_s):
    told = ALERT.model_copy(update={"name": name, "at_s": at_s})
    assert level("live_performance", feedback=feedback(alerts=[told], readings=[])) == expected


def test_an_alert_is_heard_to_the_end_where_the_model_never_changes():
    told = ALERT.model_copy(update={"at_s": 17.0})
    assert level("live_performance", feedback=unlearned(alerts=[told])) == "alerted"


@pytest.mark.parametrize(
    ("expected", "before", "after"),
    [("shown", 0.051, 0.09), ("moved", 0.09, 0.09), ("moved", 0.09, 0.05)],
    ids=["only the new model moved it", "it moved and stays", "it moved and the new model mends it"],
)
def test_a_gauge_that_only_the_new_model_moves_does_not_show_the_old_ones_quality(expected, before, after):
    assert level("live_performance", feedback=feedback(alerts=[], readings=readings(0.05, before, after))) == expected
