from __future__ import annotations

import pytest

from checks.builders import feedback, labels_refused, level, served, unlearned, with_segment
from grader.schema.evidence import FeedbackEvidence


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("refused", feedback()),
        ("refused", with_segment("after", versions={"v3": 800})),
        ("undone", with_segment("settling", quality=served(0.1))),
        ("trusted", with_segment("after", quality=served(0.1))),
        ("trusted", with_segment("after", quality=None)),
        ("trusted", unlearned()),
        ("trusted", labels_refused()),
        ("unknown", with_segment("inverted", labels_sent=0)),
        ("unknown", feedback(void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", FeedbackEvidence()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("bad_labels_refused", feedback=evidence) == expected
