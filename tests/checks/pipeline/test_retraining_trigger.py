from __future__ import annotations

import pytest

from checks.builders import alert, contract, drift, exposition, feedback, labels_refused, level, metrics, scrape, switched, unlearned
from grader.schema.evidence import DriftEvidence, FeedbackEvidence, MetricsEvidence

BOOT = contract(versions=["v1"])


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
    assert level("retraining_trigger", feedback=evidence, contract=BOOT) == expected


def told(first: str, later: str, since: int, **more: object) -> DriftEvidence:
    """A drift experiment over whose windows a metric names the version that serves: the first drift begins at window 7."""
    return drift(gauges=lambda window: {f'fraud_model_info{{version="{first if window.index < since else later}"}}': 1.0, "up": 1.0}, **more)


def scraped(version: str) -> MetricsEvidence:
    return MetricsEvidence(scrapes=[scrape("contract", exposition(40, version=version))], truths=[])


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("restless", {"contract": contract(versions=["v0"])}),
        ("restless", {"drift": told("v1", "v1-0300", since=4)}),
        ("restless", {"drift": told("v1-0300", "v1-0300", since=4), "metrics": scraped("v1")}),
        ("restless", {"contract": contract(versions=["v0"]), "drift": drift()}),
        ("on_drift", {"contract": contract(versions=["v0"]), "drift": drift(alert("distance_km", 4100, 6600))}),
        ("on_drift", {"drift": told("v1", "v2", since=9)}),
        ("on_drift", {"drift": told("v1", "v1", since=0), "metrics": scraped("v1")}),
        ("on_drift", {"drift": told("build-7", "build-8", since=4), "metrics": scraped("build-7")}),
        ("on_drift", {"drift": drift(), "metrics": metrics(None, None)}),
        ("on_drift", {"contract": contract(versions=[])}),
    ],
    ids=[
        "by a clock, between boot and calm", "in the clean windows", "between boot and the drift experiment", "nobody saw a drift",
        "a drift was noticed and may have been answered", "under the drift", "it stays", "metrics that never named what answers name",
        "no metrics", "answers name no version",
    ],
)  # fmt: skip
def test_a_version_that_changes_before_any_drift_and_any_label_was_changed_by_a_clock(expected, evidence):
    assert level("retraining_trigger", **{"feedback": feedback(), "contract": BOOT} | evidence) == expected
