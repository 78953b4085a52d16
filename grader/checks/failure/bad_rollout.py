"""Does a rollout of a broken model stop before it reaches anybody?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "bad_rollout", worst="breaks")
    if isinstance(record, Finding):
        return record
    facts = record.facts
    sent, failed, back = facts.get("sent", 0), facts.get("failed"), facts.get("rollback_s", -1)
    if failed is None or not sent:
        return unmeasured("the requests during the rollout were not counted")
    told = "said that it is ready, and got the traffic" if facts.get("second_ready") else "never said that it is ready"
    seen = f"the instance with a broken model {told}; {failed:.0f} of {sent:.0f} requests failed"
    figure = measure("failed", failed, "requests", n=int(sent))
    if facts.get("second_ready") and facts.get("second_opened") == 0:
        return reached("ignores", f"{seen}; it never opened the file that MODEL_PATH names, so nothing was rolled out", figure)
    if failed <= bars["few"] * sent:
        return reached("holds", seen, figure)
    if 0 <= back <= bars["back_s"]:
        return reached("rolls_back", f"{seen}; good again {back:.1f} s after it was taken back", figure, measure("recovered after", back, "s"))
    return reached("breaks", f"{seen}; not good again within {bars['back_s']:g} s", figure)
