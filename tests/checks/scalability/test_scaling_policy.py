from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("reasoned", {"repository": repository(autoscaler=4, sizing_rationale=True)}),
        ("declared", {"repository": repository(autoscaler=4, sizing_rationale=False)}),
        ("none", {"repository": repository(autoscaler=None, sizing_rationale=True)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("scaling_policy", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "probes"),
    [
        ("none", {"autoscaler": 1, "autoscaler_cpu_target": False, "autoscaler_other_metric": False}),
        ("none", {"autoscaler": seen({"kind": "HorizontalPodAutoscaler", "aim": "apy", "aim_found": 0.0}), "autoscaler_cpu_target": 80}),
        ("reasoned", {"autoscaler": seen({"kind": "HorizontalPodAutoscaler", "aim": "api", "aim_found": 1.0}), "autoscaler_cpu_target": 80}),
        ("reasoned", {"autoscaler": 9, "autoscaler_cpu_target": False, "autoscaler_other_metric": 1}),
    ],
)
def test_what_adds_no_replica_is_no_scaling_policy(expected, probes):
    assert level("scaling_policy", repository=repository(sizing_rationale=True, **probes)) == expected
