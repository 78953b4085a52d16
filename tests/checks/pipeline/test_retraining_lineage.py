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
        ("changed", feedback(documents=[told("before", "v1"), told("retrained", "v2", data_version="")])),
        ("changed", feedback(documents=[told("before", "v1"), told("retrained", "v2", data_version=None)])),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("retraining_lineage", feedback=evidence) == expected


def retrained_from(old: str, before: dict[str, object] | None = None, **document: object) -> FeedbackEvidence:
    """The sound experiment with the old version called `old`, and these fields in the new version's document (`before`: in the old one's)."""
    version = document.pop("model_version", "v20")
    switch = feedback().switches[0].model_copy(update={"before": old, "after": version})
    return feedback(switches=[switch], documents=[told("before", old, **(before or {})), told("retrained", version, **document)])


@pytest.mark.parametrize(
    "evidence",
    [
        retrained_from("2", labels=2, trained_in_s=2.5),
        retrained_from("v2", run="v20"),
        retrained_from("v2", image="registry/fraud:v2.1"),
        retrained_from("1.4", model_version="1.4+fb.7", run="1.4+fb.7"),
        retrained_from("v1", {"first_release": "v1"}, first_release="v1", trained_at="2026-11-26"),
    ],
)
def test_a_text_that_holds_the_parents_name_by_chance_names_no_parent(evidence):
    assert level("retraining_lineage", feedback=evidence) in ("changed", "renamed")


@pytest.mark.parametrize(
    "evidence",
    [
        retrained_from("2", parent_version=2),
        retrained_from("v1", lineage={"parents": ["v1"], "labels": 700}),
        retrained_from("v1", {"base_version": "v1"}, base_version="v1"),
        retrained_from("2026-01-fc24c327", model_version="2026-01-fc24c327+fb.1", parent={"version": "2026-01-fc24c327", "digest": "c5"}),
        retrained_from("v1", note="retrained from v1, on 700 labels."),
        retrained_from("v1", trained_on="models/v1/model.json"),
    ],
)
def test_a_parent_is_named_in_any_shape(evidence):
    assert level("retraining_lineage", feedback=evidence) == "traceable"
