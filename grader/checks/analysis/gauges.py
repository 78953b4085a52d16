"""Gauges that moved with a drift: compared with their own range over the control windows, since names and units are the candidate's choice."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from math import log10
from statistics import median

from grader.checks.analysis.blame import names, unrelated
from grader.checks.analysis.stretches import Stretch, stretches
from grader.schema.evidence import DriftEvidence, DriftWindow

ALONGSIDE = 0.5
"""Another feature's gauge moved alongside if it went at least so far, in units of its own range: what an earlier drift left in it does not."""

OUT = 0.75
"""Share of the drifted windows after the first that must lie out of the control range."""

P_VALUE = re.compile(r"(?<![a-z])p_?val(?:ue)?s?(?![a-z])", re.I)
SMALLEST_P = 1e-16


def readings(windows: Iterable[DriftWindow], series: str) -> list[float]:
    """A series' values in these windows; of a p-value its negative logarithm.

    On clean data a p-value is spread over all of 0 to 1: on its own scale it can leave that range nowhere.
    """
    values = [w.gauges[series] for w in windows if series in w.gauges]
    return [-log10(max(value, SMALLEST_P)) for value in values] if P_VALUE.search(series) else values


def calm_readings(drift: DriftEvidence, series: str) -> list[float]:
    return readings((w for w in drift.windows if w.phase == "control"), series)


def drifted_readings(stretch: Stretch, series: str) -> list[float]:
    """Without the first drifted window: a misaligned monitor still sees clean rows in it."""
    return readings(stretch.windows[1:], series)


def moved_gauges(drift: DriftEvidence, stretch: Stretch, known: Collection[str] = ()) -> list[str]:
    """Series out of their control range in most drifted windows after the first, and nearer to their control median than to where the
    drift had brought them in the last recovery window.

    The range is widened by itself on both sides. Of clean windows one alone leaves that of six in 1 % (even noise) to 4 % (a long tail),
    and three of four do in 2 to 6 of 1,000 (tests/checks/analysis/test_gauges.py draws them): what such luck earns is the rung of a
    gauge. Where one feature drifted only series that name it count, and none do if those of another feature that might have been drawn
    moved alongside: a clock moves what it can.
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
    calm, later = calm_readings(drift, series), drifted_readings(stretch, series)
    return abs(median(later) - median(calm)) / _margin(calm)


def _moving(drift: DriftEvidence, stretch: Stretch) -> list[str]:
    found = sorted({name for w in stretch.windows for name in w.gauges if not unrelated(name)})
    return [n for n in found if moved(calm_readings(drift, n), drifted_readings(stretch, n), readings(stretch.recovery[-1:], n))]


def _moves_elsewhere(drift: DriftEvidence, stretch: Stretch, series: str) -> bool:
    """A series of one feature that moves under as many drifts of others as of its own follows a clock."""
    runs = [run for run in stretches(drift) if run.feature]
    own = sum(series in _moving(drift, run) for run in runs if run.feature == stretch.feature)
    return sum(series in _moving(drift, run) for run in runs if run.feature != stretch.feature) >= own


def moved(calm: Sequence[float], later: Sequence[float], after: Sequence[float]) -> bool:
    """Did a series leave its calm range under a drift (`later`), and come back (`after`, the last reading of the recovery)?"""
    if len(calm) < 3 or not later or not after:
        return False
    margin = _margin(calm)
    out = sum(not min(calm) - margin <= value <= max(calm) + margin for value in later)
    return out >= OUT * len(later) and abs(after[-1] - median(calm)) < abs(after[-1] - median(later))


def _margin(calm: Sequence[float]) -> float:
    low, high = min(calm), max(calm)
    return max(high - low, 0.02 * max(abs(low), abs(high)), 1e-6)
