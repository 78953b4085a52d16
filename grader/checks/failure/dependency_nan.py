"""What do callers get while the dependency answers NaN for a feature?"""

from __future__ import annotations

from grader.checks.analysis.dependency import endured, not_passed_off
from grader.checks.api import Bars, Finding
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    finding = endured(faults, "dependency_nan", answered=bars["answered"], fast_ms=bars["fast_ms"])
    return not_passed_off(faults, "dependency_nan", finding, bars["flagged"])
