"""What do callers get while the dependency resets connections?"""

from __future__ import annotations

from grader.checks.analysis.dependency import endured
from grader.checks.api import Bars, Finding
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    return endured(faults, "dependency_reset", answered=bars["answered"], fast_ms=bars["fast_ms"])
