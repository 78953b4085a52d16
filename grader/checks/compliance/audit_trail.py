"""Does every prediction that we got back have an entry in the audit trail?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import AuditEvidence


def check(audit: AuditEvidence, bars: Bars) -> Finding:
    if not audit.predictions_sent:
        return unmeasured("no prediction was there to be audited")
    if not audit.exists:
        return reached("none", "there is no audit trail")
    share = audit.predictions_found / audit.predictions_sent
    level = at_least(share, (bars["complete"], "complete"), (bars["gaps"], "gaps"), below="none")
    if level == "complete" and audit.duplicates > audit.predictions_found * bars["repeats"]:
        level = "doubled"
    seen = f"{audit.predictions_found} of {audit.predictions_sent} predictions have an entry, {audit.duplicates} entries repeat one"
    if audit.fallbacks_sent:
        seen += f"; so have {audit.fallbacks_found} of {audit.fallbacks_sent} answers of a fallback"
        if level in ("complete", "doubled") and audit.fallbacks_found < bars["complete"] * audit.fallbacks_sent:
            level = "gaps"
    return reached(level, seen, measure("audited", share * 100, "%", n=audit.predictions_sent))
