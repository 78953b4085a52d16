"""What do callers get while the dependency's answers are far too large?"""

from __future__ import annotations

from grader.checks.analysis.dependency import endured
from grader.checks.api import Bars, Finding
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    return endured(faults, "dependency_huge", answered=bars["answered"], fast_ms=bars["fast_ms"])
