"""Does the candidate's gauge move further the stronger the drift?"""

from __future__ import annotations

from collections.abc import Sequence
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
        levels.append(_level([shift for _, shift in shifts], curve.noise, bars["slack"]))
        said.append(f"{curve.gauge} moved by {', '.join(f'{shift:.3g} at {severity:g}' for severity, shift in shifts)}")
    worst = max(levels, key=("ordered", "flat", "unordered").index)
    return reached(worst, "; ".join(said))


def _level(shifts: list[float], noise: Sequence[float], slack: float) -> str:
    """`shifts` by rising severity; `noise` of the control windows and of each run: within their sum a fall may be chance."""
    step = slack * max(shifts)
    calm, *runs = noise
    falls = zip(pairwise(shifts), pairwise(runs), strict=True)
    if any(later < earlier - max(step, calm + sum(spread)) for (earlier, later), spread in falls):
        return "unordered"
    return "ordered" if shifts[-1] > shifts[0] + step else "flat"
