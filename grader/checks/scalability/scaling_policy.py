"""Is there an autoscaler that adds replicas, and a reason for its numbers?"""

from __future__ import annotations

from grader.checks.analysis.autoscaling import adds_replicas, aimless
from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

SCALER = "autoscaler"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("reasoned", [SCALER, "sizing_rationale"]), ("declared", [SCALER])], none="none")
    if finding.level in (None, "none") or adds_replicas(repository):
        return finding
    scaler, target = repository.probes[SCALER], repository.probes.get("autoscaler_cpu_target")
    why = aimless(scaler) or (target.detail if target is not None and not holds(target) and target.detail else "it watches nothing")
    return reached("none", f"{scaler.detail or 'an autoscaler'} that adds no replica: {why}")
