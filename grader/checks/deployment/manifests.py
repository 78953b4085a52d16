"""Are there orchestrator manifests, with probes and resources on the container that serves?"""

from __future__ import annotations

from grader.checks.analysis.manifests import K8S, PROBES, RESOURCES, idle, of_the_serving, well_asked
from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, challenge: Challenge) -> Finding:
    rungs = [("complete", [K8S, PROBES, RESOURCES]), ("partial", [K8S, PROBES]), ("partial", [K8S, RESOURCES]), ("bare", [K8S])]
    finding = climb(of_the_serving(well_asked(repository, challenge)), rungs, none="none")
    if finding.level in (None, "none") or not (wrong := idle(repository)):
        return finding
    return reached("idle", f"as declared, nothing is served: {'; '.join(wrong)}", places=finding.places)
