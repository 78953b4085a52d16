"""Are late labels taken, and wrong ones refused without a 5xx?"""

from __future__ import annotations

from grader.checks.api import Finding, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence

WRONG = ("feedback_text_label", "feedback_without_id", "feedback_unknown_id", "feedback_no_json")


def check(contract: ContractEvidence, challenge: Challenge) -> Finding:
    route = challenge.contract.feedback
    exchange = next((e for e in contract.exchanges if e.path == route and e.method == "POST"), None)
    if exchange is None:
        return unmeasured("the feedback route was not probed")
    seen = f"POST {route} with a label said {exchange.status or exchange.error}"
    wrong = [e for e in contract.exchanges if e.name in WRONG]
    broken = [e for e in wrong if e.status is None or e.status >= 500]
    if exchange.status in (200, 201, 202, 204) and broken:
        return reached("breaks", f"{seen}; {broken[0].name.removeprefix('feedback_').replace('_', ' ')} said {broken[0].status or broken[0].error}")
    if exchange.status in (200, 202):
        return reached("takes", seen)
    return reached("other" if exchange.status in (201, 204) else "missing", seen)
