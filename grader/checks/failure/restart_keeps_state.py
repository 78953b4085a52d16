"""After a restart on the same /data: is what was written there still there, and does it count?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Bars, Finding, measure, not_applicable, reached
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
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
    answered, unwritten = facts.get("answered", 0), facts.get("unwritten", 0)
    held_back = before > 0 and unwritten > bars["held_back"] * answered
    trail_lost = before > 0 and kept < before
    model_lost = retrained and facts.get("version_kept") != 1
    said = [f"{kept:.0f} of {before:.0f} lines of the audit trail are still there"] if before else []
    said += [f"{unwritten:.0f} of {answered:.0f} predictions that were answered just before the stop have no entry"] if held_back else []
    said += [f"the retrained model {'is gone' if model_lost else 'still serves'}"] if retrained else []
    figures = [measure("kept", kept, "lines", n=int(before))] if before else []
    lost, may_be = trail_lost + model_lost, (before > 0) + retrained
    return reached("kept" if not lost + held_back else "partly" if lost < may_be else "lost", "; ".join(said), *figures)
