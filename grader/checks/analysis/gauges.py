"""Gauges that moved with a drift: compared with their own range over the control windows, since names and units are the candidate's choice."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grader.checks.analysis.blame import names, unrelated
from grader.checks.analysis.stretches import Stretch, stretches
from grader.schema.evidence import DriftEvidence, DriftWindow


def moved_gauges(drift: DriftEvidence, stretch: Stretch, known: Collection[str] = ()) -> list[str]:
    """Series out of their control range in most drifted windows after the first, and back in it in the last recovery window.

    The first drifted window is left out (a misaligned monitor still sees clean rows). The range is widened by itself on both sides:
    six clean windows then leave it about once in ten thousand. Where one feature drifted only series that name it count, and none do
    if those of another feature that might have been drawn moved alongside: a clock moves what it can.
    """
    moved = _moving(drift, stretch)
    if not stretch.feature:
        return moved
    if any(names(series, other, drift.fields) for series in moved for other in known if other != stretch.feature):
        return []
    return [series for series in moved if names(series, stretch.feature, drift.fields) and not _moves_elsewhere(drift, stretch, series)]


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
    margin = max(high - low, 0.02 * max(abs(low), abs(high)), 1e-6)
    out = [not low - margin <= value <= high + margin for value in later]
    return sum(out) * 4 >= len(out) * 3 and low - margin <= after[0] <= high + margin
