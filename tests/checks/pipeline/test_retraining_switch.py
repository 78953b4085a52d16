from __future__ import annotations

import pytest

from checks.builders import feedback, judge, labels_refused, level, scrape, sound_metrics, switched, told, unlearned
from grader.schema.evidence import FeedbackEvidence


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("clean", feedback()),
        ("clean", feedback(switches=[switched(old_answers=900, old_answers_late=900, flips=1)])),
        ("ragged", feedback(switches=[switched(old_answers=120, flips=200)])),
        ("ragged", feedback(documents=[told("before", "v1"), told("retrained", "v2", metrics=["v1"])])),
        ("ragged", feedback(documents=[])),
        ("lossy", feedback(switches=[switched(near_failed=9)])),
        ("broken", feedback(switches=[switched(near_failed=60)])),
        ("broken", feedback(switches=[switched(old_answers=900, old_answers_late=600, flips=1800)])),
        ("none", unlearned()),
        ("none", labels_refused()),
        ("unknown", feedback(void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", FeedbackEvidence()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("retraining_switch", feedback=evidence, metrics=sound_metrics()) == expected


@pytest.mark.parametrize(
    ("expected", "gauges"),
    [
        ("ragged", 'fraud_model_info{version="v1"} 1\nfraud_model_info{version="v2"} 1\n'),
        ("clean", 'fraud_model_info{version="v1"} 0\nfraud_model_info{version="v2"} 1\n'),
        ("clean", 'fraud_model_info{version="v2",parent_version="v1"} 1\n'),
        ("clean", 'fraud_model_info{version="v2"} 1\n'),
    ],
)
def test_metrics_that_name_old_and_new_do_not_say_which_one_serves(expected, gauges):
    scraped = sound_metrics(scrape("idle_0", f"# TYPE fraud_model_info gauge\n{gauges}"))
    found = judge("retraining_switch", feedback=feedback(), metrics=scraped)
    assert found.level == expected, found.observed
    assert ("fraud_model_info still says v1" in found.observed) is (expected == "ragged")


def test_a_counter_keeps_what_the_old_model_did():
    counted = '# TYPE fraud_answers counter\nfraud_answers_total{version="v1"} 9\nfraud_answers_total{version="v2"} 9\n'
    assert level("retraining_switch", feedback=feedback(), metrics=sound_metrics(scrape("idle_0", counted))) == "clean"
