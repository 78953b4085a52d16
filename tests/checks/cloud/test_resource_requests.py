from __future__ import annotations

import pytest

from checks.builders import judge, level, repository
from grader.schema.evidence import Probe


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("declared", {"repository": repository(manifest_resources=True)}),
        ("none", {"repository": repository(manifest_resources=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("resource_requests", **evidence) == expected


SOUND = {
    "kubernetes_manifests": 1, "manifest_resources": True, "autoscaler": 6, "declared_cpu_request": 0.3, "declared_cpu_limit": 1,
    "declared_memory_request": 96, "declared_memory_limit": 256,
}  # fmt: skip
TEMPLATED = dict.fromkeys(SOUND.keys() - {"autoscaler", "kubernetes_manifests"}, Probe(subject=True, found=True, detail="from a template"))
UNSIZED = dict.fromkeys(("declared_cpu_request", "declared_memory_request", "declared_memory_limit"), False)


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("declared", {}),
        ("declared", {"declared_cpu_limit": False}),
        ("declared", {"declared_cpu_request": 1}),
        ("declared", {"declared_memory_request": 256}),
        ("declared", {"declared_memory_limit": 65_536, "declared_cpu_limit": 64}),
        ("unstartable", {"declared_cpu_limit": 0.2}),
        ("unstartable", {"declared_memory_limit": 64}),
        ("unstartable", {"declared_memory_request": 96e-9, "declared_memory_limit": 256e-9}),
        ("unstartable", {"declared_cpu_request": 300, "declared_cpu_limit": 1000}),
        ("unstartable", {"declared_memory_request": 1024 * 1024, "declared_memory_limit": 1024 * 1024}),
        # resources on a container that does not serve: with an autoscaler, or with one workload, it is known which one does
        ("none", UNSIZED),
        ("none", {**UNSIZED, "kubernetes_manifests": 2}),
        ("none", {**UNSIZED, "autoscaler": False}),
        ("declared", {**UNSIZED, "kubernetes_manifests": 2, "autoscaler": False}),
        # a template's resources have no shape that the scan could read
        ("declared", TEMPLATED),
        ("declared", {**TEMPLATED, "manifest_resources": False}),
        ("none", {**SOUND, "manifest_resources": False}),
    ],
)
def test_the_container_that_serves_has_resources_that_a_cluster_accepts(expected, changes):
    assert level("resource_requests", repository=repository(**{**SOUND, **changes})) == expected


def test_what_is_wrong_is_named():
    wrong = repository(**{**SOUND, "declared_memory_limit": Probe(subject=True, found=True, value=64, detail="limits.memory 64Mi")})
    assert "declared memory request is above limits.memory 64Mi" in judge("resource_requests", repository=wrong).observed
