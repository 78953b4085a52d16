from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("bounded", {"repository": repository(autoscaler=6)}),
        ("unbounded", {"repository": repository(autoscaler=True)}),
        ("none", {"repository": repository(autoscaler=None)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("autoscaling_policy", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "probes"),
    [
        ("bounded", {"autoscaler": 6, "autoscaler_cpu_target": 80, "autoscaler_other_metric": False}),
        ("bounded", {"autoscaler": 100, "autoscaler_cpu_target": False, "autoscaler_other_metric": 1}),
        ("bounded", {"autoscaler": 300, "autoscaler_cpu_target": True, "autoscaler_other_metric": False}),
        ("unbounded", {"autoscaler": 100_000, "autoscaler_cpu_target": 80, "autoscaler_other_metric": False}),
        ("none", {"autoscaler": 1, "autoscaler_cpu_target": False, "autoscaler_other_metric": False}),
        ("none", {"autoscaler": 6, "autoscaler_cpu_target": False, "autoscaler_other_metric": False}),
    ],
)
def test_what_watches_nothing_adds_no_replica_and_a_bound_beyond_every_need_is_none(expected, probes):
    assert level("autoscaling_policy", repository=repository(**probes)) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("none", {"kind": "HorizontalPodAutoscaler", "aim": "apy", "aim_found": 0.0, "top": 6.0}),
        ("none", {"kind": "HorizontalPodAutoscaler", "aim": "api", "aim_found": 1.0, "top": 6.0, "adds": 0.0}),
        ("bounded", {"kind": "HorizontalPodAutoscaler", "aim": "api", "aim_found": 1.0, "top": 6.0, "adds": 1.0}),
        ("bounded", {"kind": "HorizontalPodAutoscaler", "aim": "api", "top": "templated"}),
        ("bounded", {"kind": "HorizontalPodAutoscaler", "aim": "templated", "top": "templated"}),
    ],
)
def test_what_aims_at_nothing_scales_nothing_and_a_bound_from_a_template_is_one(expected, facts):
    assert level("autoscaling_policy", repository=repository(autoscaler=seen(facts), autoscaler_cpu_target=80)) == expected
