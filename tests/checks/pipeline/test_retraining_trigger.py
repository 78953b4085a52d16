from __future__ import annotations

import pytest

from checks.builders import feedback, labels_refused, level, switched, unlearned
from grader.schema.evidence import FeedbackEvidence


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("on_drift", feedback()),
        ("restless", feedback(switches=[switched(3.0, before="v0", after="v1"), switched()])),
        ("never", feedback(switches=[switched(5.9)])),
        ("never", unlearned()),
        ("never", labels_refused()),
        ("unknown", feedback(void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", FeedbackEvidence()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("retraining_trigger", feedback=evidence) == expected
