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
