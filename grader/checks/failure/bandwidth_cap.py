"""What do callers get while the dependency's line is too narrow, and is all well soon after?"""

from __future__ import annotations

from grader.checks.analysis.dependency import endured
from grader.checks.analysis.recovery import recovery_s
from grader.checks.api import Bars, Finding
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    found = endured(faults, "bandwidth_cap", answered=bars["answered"], fast_ms=bars["fast_ms"])
    record = faults.fault("bandwidth_cap")
    if found.level not in ("fallback", "slow", "sheds") or record is None:
        return found
    after = recovery_s(record)
    return found if after is not None and after <= bars["prompt_s"] else found.model_copy(update={"level": "lingers"})
