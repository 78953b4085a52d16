"""Do answers, the version route and the metrics name the same model version?"""

from __future__ import annotations

from grader.checks.analysis.metrics import own_families, while_probed
from grader.checks.analysis.version import told, version_exchange
from grader.checks.api import Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence, MetricsEvidence


def check(contract: ContractEvidence, metrics: MetricsEvidence, challenge: Challenge) -> Finding:
    exchange = version_exchange(contract, challenge)
    answers = {version for version in contract.model_versions if version}
    route = {told(exchange).get("model_version", "")} - {""} if exchange else set()
    places = {"answers": answers, "the version route": route, "metrics": _metric_versions(metrics) & (answers | route)}
    silent = [name for name, versions in places.items() if not versions]
    agreed = set.intersection(*places.values())
    seen = "; ".join(f"{name}: {', '.join(sorted(versions)) or 'none of these'}" for name, versions in places.items())
    figure = measure("places that agree", 3 - len(silent) if agreed or silent else 0, "places", n=3)
    if agreed and not (stray := _stray(contract, agreed)):
        return reached("agree", seen, figure)
    if agreed:
        return reached("partly", f"{seen}; some answers name another one than the rest: {', '.join(stray)}", figure)
    pairs = answers & route or answers & places["metrics"] or route & places["metrics"]
    return reached("partly" if pairs else "differ", seen, figure)


def _stray(contract: ContractEvidence, agreed: set[str]) -> list[str]:
    """What other answers of the unchanged service name. A fallback may be a model of its own, so flagged answers excuse it."""
    return [] if contract.predictions.degraded else sorted({version or "nothing" for version in contract.model_versions} - agreed)


def _metric_versions(metrics: MetricsEvidence) -> set[str]:
    probed = while_probed(metrics)
    samples = [s for family in own_families(probed) for s in family.samples] if probed else []
    return {value for s in samples for key, value in s.labels.items() if "version" in key.lower()}
