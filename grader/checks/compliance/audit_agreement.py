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
    seen = f"{audit.scores_agree} of {audit.predictions_found} entries say the score, version and flag that the answer said"
    if audit.fallbacks_found:
        seen += f"; so do {audit.fallbacks_agree} of {audit.fallbacks_found} of a fallback's answers"
        if level == "agrees" and audit.fallbacks_agree < bars["agrees"] * audit.fallbacks_found:
            level = "mostly"
    return reached(level, seen, measure("agreeing entries", share * 100, "%", n=audit.predictions_found))
