"""Are there orchestrator manifests, with probes and resources?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence

K8S, PROBES, RESOURCES = "kubernetes_manifests", "manifest_probes", "manifest_resources"


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("complete", [K8S, PROBES, RESOURCES]), ("partial", [K8S, PROBES]), ("partial", [K8S, RESOURCES]), ("bare", [K8S])]
    return climb(repository, rungs, none="none")
