"""Does an alert reach somebody: by a webhook that really called, or by a rules file that parses?"""

from __future__ import annotations

from grader.checks.analysis.probes import holds
from grader.checks.api import Finding, measure, reached, unmeasured
from grader.schema.evidence import DriftEvidence, RepositoryEvidence


def check(repository: RepositoryEvidence, drift: DriftEvidence) -> Finding:
    rules = repository.probes.get("alert_rules")
    if rules is None:
        return unmeasured("the repository scan did not look for alert rules")
    called, count = len(drift.alerts), int(rules.value or 0)
    seen = f"{called} alerts reached the webhook, {drift.webhook_rejected} posts to it were no alert; rules file: "
    seen += f"{count} rules" if holds(rules) else rules.detail or "none"
    figure = measure("alerts received", called, "alerts")
    if called or holds(rules):
        return reached("wired", seen, figure, places=rules.places)
    return reached("malformed" if drift.webhook_rejected else "none", seen, figure)
