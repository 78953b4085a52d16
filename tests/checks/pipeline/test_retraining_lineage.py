from __future__ import annotations

import pytest

from checks.builders import feedback, labels_refused, level, told, unlearned
from grader.schema.evidence import FeedbackEvidence


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("traceable", feedback()),
        ("traceable", feedback(documents=[told("before", "v1"), told("retrained", "v2", data_version="d2")])),
        ("changed", feedback(documents=[told("before", "v1"), told("retrained", "v2", code_commit="d")])),
        ("renamed", feedback(documents=[told("before", "v1"), told("retrained", "v2")])),
        ("none", feedback(documents=[told("before", "v1"), told("retrained", "v1")])),
        ("none", feedback(documents=[])),
        ("none", unlearned()),
        ("none", labels_refused()),
        ("unknown", feedback(void="generator_limited: 900 of 9000 requests were never sent")),
        ("unknown", FeedbackEvidence()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("retraining_lineage", feedback=evidence) == expected
