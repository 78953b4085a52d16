"""Is readiness a route of its own that says 200 once the service can work?"""

from __future__ import annotations

from grader.checks.api import Finding, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import BootEvidence, ContractEvidence


def check(boot: BootEvidence, contract: ContractEvidence, challenge: Challenge) -> Finding:
    route = challenge.contract.ready
    if boot.first_ready_s is None:
        seen = "gave no answer" if boot.ready_status is None else f"said {boot.ready_status}"
        return reached("missing", f"GET {route} never said 200 (last it {seen})")
    if boot.ready_status != 200:
        return reached("wavers", f"GET {route} said 200 after {boot.first_ready_s:.1f} s, then {boot.ready_status or 'nothing'}")
    later = contract.exchange("ready")
    if later is not None and later.status not in (None, 200):
        return reached("wavers", f"GET {route} said 200 after {boot.first_ready_s:.1f} s, and {later.status} once predictions had been answered")
    return reached("answers", f"GET {route} said 200 from {boot.first_ready_s:.1f} s after the start")
