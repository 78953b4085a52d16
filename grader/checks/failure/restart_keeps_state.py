"""After a restart on the same /data: is what was written there still there, and does it count?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Finding, measure, not_applicable, reached
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence) -> Finding:
    record = judgeable(faults, "restart_with_data", worst="lost")
    if isinstance(record, Finding):
        return record
    facts = record.facts
    before, kept, ready = facts.get("lines_before", 0), facts.get("lines_kept", -1), facts.get("ready_s", -1)
    if ready < 0:
        return reached("lost", "not ready again after a restart on the same /data")
    retrained = facts.get("retrained") == 1
    if not before and not retrained:
        return not_applicable("there is no audit trail, and no retrained model, that a restart could lose")
    trail_lost = before > 0 and kept < before
    model_lost = retrained and facts.get("version_kept") != 1
    said = [f"{kept:.0f} of {before:.0f} lines of the audit trail are still there"] if before else []
    said += [f"the retrained model {'is gone' if model_lost else 'still serves'}"] if retrained else []
    figures = [measure("kept", kept, "lines", n=int(before))] if before else []
    lost = trail_lost + model_lost
    return reached("kept" if not lost else "partly" if lost < len(said) else "lost", "; ".join(said), *figures)
