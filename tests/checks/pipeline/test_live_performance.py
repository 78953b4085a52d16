from __future__ import annotations

import pytest

from checks.builders import brier_readings, feedback, labels_refused, level, unlearned
from grader.schema.evidence import FeedbackEvidence

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


@pytest.mark.parametrize(
    ("expected", "name", "at_s", "source"),
    [
        ("silent", "ScoreDrift", 12.6, "webhook"),
        ("silent", "ScoreDrift", 12.6, "alertmanager"),
        ("silent", "ScoreDrift", 9.0, "webhook"),
        ("silent", "PredictionDistributionShift", 9.0, "webhook"),
        ("silent", "SomethingIsOdd", 12.6, "webhook"),
        ("alerted", "SomethingIsOdd", 11.9, "webhook"),
        ("alerted", "SomethingIsOdd", 13.4, "alertmanager"),  # the way through Prometheus
        ("alerted", "ModelQuality", 13.4, "alertmanager"),
        ("alerted", "ConceptDrift", 12.6, "webhook"),
        ("alerted", "LabelScoreMismatch", 9.0, "webhook"),
    ],
)
def test_what_fires_once_the_service_changed_its_own_model_may_tell_of_that_change(expected, name, at_s, source):
    """The relation turns at 5 s, and the model changes at 12 s."""
    told = ALERT.model_copy(update={"name": name, "at_s": at_s, "source": source})
    assert level("live_performance", feedback=feedback(alerts=[told], readings=[])) == expected


def test_an_alert_is_heard_to_the_end_where_the_model_never_changes():
    told = ALERT.model_copy(update={"at_s": 17.0})
    assert level("live_performance", feedback=unlearned(alerts=[told])) == "alerted"
