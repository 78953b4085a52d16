"""Gauges that moved with a drift: compared with their own range over the control windows, since names and units are the candidate's choice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

from grader.checks.analysis.blame import names, unrelated
from grader.checks.analysis.stretches import Stretch, stretches
from grader.schema.evidence import DriftEvidence, DriftWindow

ALONGSIDE = 0.5
"""Another feature's gauge moved alongside if it went at least so far, in units of its own range: what an earlier drift left in it does not."""


def moved_gauges(drift: DriftEvidence, stretch: Stretch, known: Collection[str] = ()) -> list[str]:
    """Series out of their control range in most drifted windows after the first, and back in it in the last recovery window.

    The first drifted window is left out (a misaligned monitor still sees clean rows). The range is widened by itself on both sides:
    six clean windows then leave it about once in ten thousand. Where one feature drifted only series that name it count, and none do
    if those of another feature that might have been drawn moved alongside: a clock moves what it can.
    """
    moved = _moving(drift, stretch)
    if not stretch.feature:
        return moved
    own = [series for series in moved if names(series, stretch.feature, drift.fields) and not _moves_elsewhere(drift, stretch, series)]
    others = [series for series in moved if any(names(series, other, drift.fields) for other in known if other != stretch.feature)]
    furthest = max((_distance(drift, stretch, series) for series in own), default=0.0)
    return [] if any(_distance(drift, stretch, series) >= ALONGSIDE * furthest for series in others) else own


def _distance(drift: DriftEvidence, stretch: Stretch, series: str) -> float:
    """How far a series moved, in units of its own range over the control windows."""
    calm = [w.gauges[series] for w in drift.windows if w.phase == "control" and series in w.gauges]
    later = [w.gauges[series] for w in stretch.windows[1:] if series in w.gauges]
    return abs(median(later) - median(calm)) / _margin(min(calm), max(calm))


def _moving(drift: DriftEvidence, stretch: Stretch) -> list[str]:
    controls = [w for w in drift.windows if w.phase == "control"]
    found = sorted({name for w in stretch.windows for name in w.gauges if not unrelated(name)})
    return [name for name in found if _moved(name, controls, stretch)]


def _moves_elsewhere(drift: DriftEvidence, stretch: Stretch, series: str) -> bool:
    """A series of one feature that moves under as many drifts of others as of its own follows a clock."""
    runs = [run for run in stretches(drift) if run.feature]
    own = sum(series in _moving(drift, run) for run in runs if run.feature == stretch.feature)
    return sum(series in _moving(drift, run) for run in runs if run.feature != stretch.feature) >= own


def _moved(name: str, controls: Sequence[DriftWindow], stretch: Stretch) -> bool:
    calm = [w.gauges[name] for w in controls if name in w.gauges]
    later = [w.gauges[name] for w in stretch.windows[1:] if name in w.gauges]
    after = [w.gauges[name] for w in stretch.recovery[-1:] if name in w.gauges]
    if len(calm) < 3 or not later or not after:
        return False
    low, high = min(calm), max(calm)
    margin = _margin(low, high)
    out = [not low - margin <= value <= high + margin for value in later]
    return sum(out) * 4 >= len(out) * 3 and low - margin <= after[0] <= high + margin


def _margin(low: float, high: float) -> float:
    return max(high - low, 0.02 * max(abs(low), abs(high)), 1e-6)
