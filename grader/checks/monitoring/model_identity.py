"""Is the model that the version route states the one that answers and lies in the image?"""

from __future__ import annotations

from grader.checks.analysis.metrics import own_families, readable
from grader.checks.analysis.version import told, version_exchange
from grader.checks.api import Finding, not_applicable, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import ArtifactFacts, ContractEvidence, MetricsEvidence


def check(contract: ContractEvidence, metrics: MetricsEvidence | None, challenge: Challenge) -> Finding:
    exchange = version_exchange(contract, challenge)
    route = told(exchange).get("model_version") if exchange else None
    facts = contract.artifacts
    if route is None and not (facts and facts.stated):
        return not_applicable("the version route states neither a model version nor a digest, so nothing there can be untrue")
    answers = {version for version in contract.model_versions if version}
    seen = f"the version route says {route or 'no version'}, answers say {', '.join(sorted(answers)) or 'none'}"
    if metrics is not None and (labels := _labels(metrics)):
        seen += f", a metric {'says the same' if route in labels else 'says ' + ', '.join(sorted(labels)[:2])}"
    if route and answers and route not in answers:
        return reached("differs", f"{seen}: two versions of what runs")
    level, digest = _digest(facts)
    return reached(level, f"{seen}; {digest}")


def _digest(facts: ArtifactFacts | None) -> tuple[str, str]:
    if facts is None:
        return "same", "the files of the container were not looked at"
    if not facts.stated:
        return "same", "no digest of the model is stated, which costs nothing"
    by_digest = {digest: file.path for file in facts.files for digest in (file.sha256, *file.states)}
    for key, digest in facts.stated.items():
        place = next((path for whole, path in by_digest.items() if whole.startswith(digest)), None)
        if place is None and facts.complete:
            return "no_such_file", f"{key} {digest[:12]}... is the digest of none of {len(facts.files)} model files in the container"
        if place is None:
            return "same", f"{key} was found in no file, but not all could be read"
    return "same", f"{', '.join(facts.stated)} is that of {place}"


def _labels(metrics: MetricsEvidence) -> set[str]:
    """Versions that the first scrape names: a retraining may have brought another one since."""
    first = next((scrape for scrape in metrics.scrapes if readable(scrape)), None)
    samples = [s for family in own_families(first) for s in family.samples] if first else []
    return {value for s in samples for key, value in s.labels.items() if "version" in key.lower()}
