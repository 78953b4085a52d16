from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"repository": repository(kubernetes_manifests=1, manifest_probes=True, manifest_resources=True)}),
        ("partial", {"repository": repository(kubernetes_manifests=1, manifest_probes=False, manifest_resources=True)}),
        ("partial", {"repository": repository(kubernetes_manifests=1, manifest_probes=True, manifest_resources=False)}),
        ("bare", {"repository": repository(kubernetes_manifests=1, manifest_probes=False, manifest_resources=False)}),
        ("none", {"repository": repository(kubernetes_manifests=False, manifest_probes=None, manifest_resources=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("manifests", **evidence) == expected
