"""Does the candidate's gauge move further the stronger the drift?"""

from __future__ import annotations

from itertools import pairwise

from grader.checks.analysis.drift import unfit
from grader.checks.analysis.power import curves
from grader.checks.api import Bars, Finding, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, challenge: Challenge, bars: Bars) -> Finding:
    if refusal := unfit(drift):
        return refusal
    found = curves(drift, challenge)
    if not found:
        return unmeasured("no kind was streamed at more than one severity")
    levels = []
    said = []
    for curve in found:
        shifts = curve.shifts
        if not curve.gauge or len(shifts) < 2:
            return reached("missing", f"no gauge of {curve.feature} moved while its {curve.kind} drift was streamed at {curve.severities}")
        levels.append(_level([shift for _, shift in shifts], bars["slack"]))
        said.append(f"{curve.gauge} moved by {', '.join(f'{shift:.3g} at {severity:g}' for severity, shift in shifts)}")
    worst = max(levels, key=("ordered", "flat", "unordered").index)
    return reached(worst, "; ".join(said))


def _level(shifts: list[float], slack: float) -> str:
    """`shifts` by rising severity."""
    step = slack * max(shifts)
    if any(later < earlier - step for earlier, later in pairwise(shifts)):
        return "unordered"
    return "ordered" if shifts[-1] > shifts[0] + step else "flat"
