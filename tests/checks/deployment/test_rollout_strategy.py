from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("declared", {"repository": repository(manifest_rollout=True)}),
        ("none", {"repository": repository(manifest_rollout=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("rollout_strategy", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "rollout", "image"),
    [
        ("gap", [{"serves": 1.0, "unavailable": 1.0, "max_unavailable": "100%", "replicas": 2.0}], {}),
        ("gap", [{"serves": 0.0, "unavailable": 0.0}, {"serves": 1.0, "unavailable": 1.0, "max_unavailable": "1", "replicas": 1.0}], {}),
        ("declared", [{"serves": 1.0, "unavailable": 0.5, "max_unavailable": "1", "replicas": 2.0}], {}),
        ("declared", [{"serves": 0.0, "unavailable": 1.0}, {"serves": 1.0, "unavailable": 0.0}], {}),
        ("declared", [{"serves": 1.0, "max_unavailable": "templated"}], {}),
        ("stuck", [{"serves": 1.0, "unavailable": 0.0, "stands_still": 1.0}], {}),
        ("stuck", [{"serves": 1.0, "unavailable": 0.0}, {"told": "minAvailable 100%", "evictable": 0.0, "fewest": 2.0}], {}),
        ("stuck", [{"told": "maxUnavailable 0", "evictable": 0.0}], {"image": "api:latest"}),
        ("declared", [{"told": "maxUnavailable 0", "evictable": 0.0}, {"told": "maxUnavailable 1", "evictable": 1.0, "fewest": 2.0}], {}),
        ("declared", [{"told": "minAvailable 2"}, {"serves": 1.0, "stands_still": 0.0}], {}),
        ("cut", [], {"grace_s": 4.0, "slept_s": 3.0, "drained_s": 1.0}),
        ("cut", [], {"grace_s": 10.0, "drained_s": 12.0}),
        ("declared", [], {"grace_s": 15.0, "slept_s": 3.0, "drained_s": 1.0}),
        ("declared", [], {}),
        ("cut", [], {"grace_s": 30.0, "slept_s": 30.0}),
        ("cut", [], {"grace_s": 5.0, "slept_s": 15.0, "image": "api:latest"}),
        ("declared", [], {"grace_s": 30.0, "slept_s": 5.0}),
        ("declared", [], {"slept_s": 60.0}),
        ("declared", [], {"grace_s": 0.0}),
        ("moving", [], {"image": "api:latest"}),
        ("moving", [], {"image": "registry.example.com:5000/risk/api"}),
        ("declared", [], {"image": "api:latest", "tag_set": 1.0}),
        ("declared", [], {"image": "registry.example.com:5000/risk/api:2026-11-01"}),
        ("declared", [], {"image": "api@sha256:" + "ab" * 32}),
    ],
)
def test_a_rollout_keeps_something_serving_and_brings_in_one_version(expected, rollout, image):
    found = repository(manifest_rollout=seen(*rollout), kubernetes_manifests=seen({"serves": 1.0, "tag_set": 0.0, **image}))
    assert level("rollout_strategy", repository=found) == expected
