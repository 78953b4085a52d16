"""Does the audit trail say what the answer said?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unjudged, unmeasured
from grader.schema.evidence import AuditEvidence


def check(audit: AuditEvidence, bars: Bars) -> Finding:
    if not audit.predictions_sent:
        return unmeasured("no prediction was there to be audited")
    if not audit.predictions_found:
        return unjudged("differs", "no audit entry of a prediction was found")
    share = audit.scores_agree / audit.predictions_found
    level = at_least(share, (bars["agrees"], "agrees"), (bars["mostly"], "mostly"), below="differs")
    seen = f"{audit.scores_agree} of {audit.predictions_found} entries say the score and version that the answer said"
    return reached(level, seen, measure("agreeing entries", share * 100, "%", n=audit.predictions_found))
