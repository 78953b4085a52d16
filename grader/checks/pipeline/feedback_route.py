"""Are late labels taken?"""

from __future__ import annotations

from grader.checks.api import Finding, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence


def check(contract: ContractEvidence, challenge: Challenge) -> Finding:
    route = challenge.contract.feedback
    exchange = next((e for e in contract.exchanges if e.path == route and e.method == "POST"), None)
    if exchange is None:
        return unmeasured("the feedback route was not probed")
    seen = f"POST {route} with a label said {exchange.status or exchange.error}"
    if exchange.status in (200, 202):
        return reached("takes", seen)
    return reached("other" if exchange.status in (201, 204) else "missing", seen)
