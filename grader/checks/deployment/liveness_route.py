"""Is there a route that says the process is alive?"""

from __future__ import annotations

from grader.checks.api import Finding, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence, challenge: Challenge) -> Finding:
    route = challenge.contract.health
    if boot.health_status == 200 and boot.first_health_s is not None:
        return reached("answers", f"GET {route} said 200, first {boot.first_health_s:.1f} s after the start")
    seen = "gave no answer" if boot.health_status is None else f"said {boot.health_status}"
    return reached("missing", f"GET {route} {seen}")
