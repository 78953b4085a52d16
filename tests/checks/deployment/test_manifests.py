from __future__ import annotations

import pytest

from checks.builders import judge, level, repository, seen
from grader.schema.evidence import Place, Probe


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


def at(file, found=True, value=None):
    return Probe(subject=True, found=found, value=value, detail="as written", places=[Place(file=file)] if found else [])


def served_by(file, **changes):
    """A deployment at `file` that the autoscaler points at, beside a canary; probes and resources are found in both files."""
    sizes = dict.fromkeys(("declared_cpu_request", "declared_memory_request", "declared_memory_limit"), at(file, value=1))
    both = Probe(subject=True, found=True, places=[Place(file="canary.yaml"), Place(file=file)])
    default = {"kubernetes_manifests": 2, "manifest_probes": both, "manifest_resources": both, "autoscaler": 6, **sizes}
    return repository(**{**default, **changes})


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("complete", {}),
        ("partial", {"manifest_probes": at("canary.yaml")}),
        ("partial", {"declared_memory_limit": at("", found=False)}),
        ("complete", {"manifest_probes": at("canary.yaml"), "autoscaler": False}),
        ("complete", {"declared_memory_limit": at("", found=False), "autoscaler": False}),
        # a scaler that only resizes pods does not say which of several serves
        ("complete", {"manifest_probes": at("canary.yaml"), "autoscaler_cpu_target": False, "autoscaler_other_metric": False}),
    ],
)
def test_what_a_canary_has_does_not_stand_for_the_container_that_serves(expected, changes):
    assert level("manifests", repository=served_by("deployment.yaml", **changes)) == expected


def test_the_container_without_probes_is_named():
    found = judge("manifests", repository=served_by("deployment.yaml", manifest_probes=at("canary.yaml")))
    assert "the container that serves (deployment.yaml) has none" in found.observed


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("idle", [{"serves": 1.0, "replicas": 0.0}]),
        ("idle", [{"serves": 1.0}, {"selects": 0.0, "selects_serving": 0.0}]),
        ("idle", [{"serves": 1.0}, {"selects": 1.0, "selects_serving": 1.0, "port_found": 0.0}]),
        ("idle", [{"serves": 1.0, "volume_lost": "data"}]),
        ("idle", [{"serves": 1.0, "selects_itself": 0.0}]),
        ("idle", [{"serves": 1.0, "halted": "paused: true"}]),
        ("idle", [{"unmade": "ConfigMap settings"}, {"serves": 1.0}]),
        ("unfurnished", [{"state": "/var/lib/fraud"}, {"serves": 1.0}]),
        ("unfurnished", [{"unset": "FEATURE_STORE_URL"}, {"serves": 1.0}]),
        ("complete", [{"serves": 0.0, "volume_lost": "data", "selects_itself": 0.0}, {"serves": 1.0, "selects_itself": 1.0}]),
        ("complete", [{"serves": 0.0, "replicas": 0.0}, {"serves": 1.0, "replicas": 2.0}]),
        ("complete", [{"serves": 1.0}, {"selects": 1.0, "selects_serving": 1.0}, {"selects": 0.0, "selects_serving": 0.0}]),
        ("complete", [{"serves": 1.0}]),
    ],
)
def test_what_runs_no_replica_or_is_reached_by_nobody_is_idle(expected, facts):
    found = repository(kubernetes_manifests=seen(*facts), manifest_probes=True, manifest_resources=True)
    assert level("manifests", repository=found) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("partial", {"serves": 1.0, "liveness": "/readyz", "liveness_route": 1.0}),
        ("partial", {"serves": 1.0, "liveness": "/up", "liveness_route": 0.0}),
        ("partial", {"serves": 1.0, "readiness": "/readyz", "readiness_port": 0.0}),
        ("complete", {"serves": 1.0, "liveness": "/healthz", "liveness_route": 0.0, "readiness": "/readyz", "readiness_route": 0.0}),
        ("complete", {"serves": 1.0, "liveness": "/up", "liveness_route": 1.0}),
        ("partial", {"serves": 1.0, "liveness_patience_s": 1.0}),
        ("partial", {"serves": 1.0, "startup_patience_s": 0.0}),
        ("complete", {"serves": 1.0, "liveness_patience_s": 3.0, "startup_patience_s": 1.0}),
        ("complete", {"serves": 0.0, "liveness_patience_s": 1.0}),
        ("complete", {"serves": 0.0, "liveness": "/readyz"}),
    ],
)
def test_probes_that_ask_what_is_not_theirs_are_none(expected, facts):
    assert level("manifests", repository=repository(kubernetes_manifests=1, manifest_probes=seen(facts), manifest_resources=True)) == expected
