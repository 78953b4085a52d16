"""Is there an autoscaler with an upper bound, so that a spike cannot cost without limit?"""

from __future__ import annotations

from grader.checks.analysis.probes import holds
from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    scaler = repository.probes.get("autoscaler")
    if scaler is None:
        return unmeasured("the repository scan did not look for an autoscaler")
    if not holds(scaler):
        return reached("none", f"no autoscaler{': ' + scaler.detail if scaler.detail else ''}")
    if scaler.value:
        return reached("bounded", f"autoscaler with at most {scaler.value:.0f} replicas", places=scaler.places)
    return reached("unbounded", "autoscaler without an upper bound that could be read", places=scaler.places)
