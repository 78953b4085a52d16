"""Do the metrics say which model version serves?"""

from __future__ import annotations

from grader.checks.analysis.metrics import own_families, while_probed
from grader.checks.api import Finding, reached, unmeasured
from grader.schema.evidence import ContractEvidence, MetricsEvidence


def check(metrics: MetricsEvidence, contract: ContractEvidence) -> Finding:
    if not metrics.scrapes:
        return unmeasured("the metrics route was never asked")
    probed = while_probed(metrics)
    samples = [s for family in own_families(probed) for s in family.samples] if probed else []
    told = [(s, value) for s in samples for key, value in s.labels.items() if "version" in key.lower()]
    if not told:
        return reached("missing", "no metric carries a version label")
    served = ", ".join(contract.model_versions) or "none"
    agreeing = [s for s, version in told if version in contract.model_versions and s.value]
    if agreeing:
        return reached("agrees", f"{agreeing[0].name} names the version that answers name ({served})")
    return reached("differs", f"{told[0][0].name} names version {told[0][1]!r}, answers name {served}")
