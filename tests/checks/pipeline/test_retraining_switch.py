from __future__ import annotations

import pytest

from checks.builders import feedback, labels_refused, level, switched, told, unlearned
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
    assert level("retraining_switch", feedback=evidence) == expected
