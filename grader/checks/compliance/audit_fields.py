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
    said = _empty(audit, bars)
    carried = [field for field in carried if field not in said]
    lost = sorted(set(audit.with_fields) - set(carried) - set(said))
    level = at_least(len(carried), (len(audit.with_fields), "complete"), (bars["some"], "some"), below="none")
    seen = f"{len(carried)} of {len(audit.with_fields)} fields stand in the entries" + (f"; not always {', '.join(lost)}" if lost else "")
    seen += "".join(f"; {why}" for why in said.values())
    return reached(level, seen, measure("fields", len(carried), "fields", n=len(audit.with_fields)))


def _empty(audit: AuditEvidence, bars: Bars) -> dict[str, str]:
    """Fields that are there and say nothing, with why: a digest that is the same for different inputs, a time that is not the answer's."""
    found, told = audit.predictions_found, dict[str, str]()
    if audit.digests is not None and audit.with_fields.get("input_digest") and audit.digests < bars["distinct"] * found:
        told["input_digest"] = f"only {audit.digests} different input digests for {found} inputs"
    if audit.times_off is not None and audit.times_off > bars["astray"] * found:
        told["time"] = f"{audit.times_off} entries carry another time than their answer's"
    return told
