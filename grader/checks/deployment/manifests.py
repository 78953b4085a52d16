"""Are there orchestrator manifests, with probes and resources on the container that serves?"""

from __future__ import annotations

from grader.checks.analysis.manifests import PROBES, RESOURCES, of_the_serving
from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence

K8S = "kubernetes_manifests"


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("complete", [K8S, PROBES, RESOURCES]), ("partial", [K8S, PROBES]), ("partial", [K8S, RESOURCES]), ("bare", [K8S])]
    return climb(of_the_serving(repository), rungs, none="none")
