from __future__ import annotations

import pytest

from checks.builders import feedback, labels_refused, level, served, unlearned, with_segment
from grader.schema.evidence import FeedbackEvidence


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("clear", feedback()),
        ("some", with_segment("held_out", quality=served(0.0115, excess_se=0.0004))),
        ("none", with_segment("held_out", quality=served(0.0135))),
        ("none", with_segment("held_out", quality=served(0.0085, excess_se=0.004))),
        ("none", with_segment("held_out", quality=None)),
        ("none", unlearned()),
        ("none", labels_refused()),
        ("unknown", with_segment("concept", by_version={})),
        ("unknown", feedback(void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", FeedbackEvidence()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("retraining_gain", feedback=evidence) == expected
