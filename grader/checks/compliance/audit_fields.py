"""Do audit entries carry every field of the contract?"""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unjudged, unmeasured
from grader.schema.evidence import AuditEvidence


def check(audit: AuditEvidence, bars: Bars) -> Finding:
    if not audit.predictions_sent:
        return unmeasured("no prediction was there to be audited")
    if not audit.predictions_found or not audit.with_fields:
        return unjudged("none", "no audit entry of a prediction was found")
    carried = [field for field, n in audit.with_fields.items() if n >= audit.predictions_found * bars["share"]]
    lost = sorted(set(audit.with_fields) - set(carried))
    level = at_least(len(carried), (len(audit.with_fields), "complete"), (bars["some"], "some"), below="none")
    seen = f"{len(carried)} of {len(audit.with_fields)} fields stand in the entries" + (f"; not always {', '.join(lost)}" if lost else "")
    return reached(level, seen, measure("fields", len(carried), "fields", n=len(audit.with_fields)))
