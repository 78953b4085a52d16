"""The control service beside the submission: did the machine stay the same, and how many times its cost does the submission have?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.checks.analysis.load import cpu_ms_per_request
from grader.schema.evidence import ControlReading, LoadEvidence, LoadWindow, StressEvidence

MOVED = 0.15
"""Readings of a fixed service that lie further apart than this tell of a machine that changed under the measurement."""

Figures = dict[str, float | None]

READS: dict[str, Callable[[ControlReading], float]] = {
    "rate": lambda reading: reading.rate_rps,
    "p50": lambda reading: reading.p50_ms,
    "p99": lambda reading: reading.p99_ms,
    "CPU per request": lambda reading: reading.cpu_ms_per_request,
}
"""Figures of a reading: requests/s, then ms."""

CALM = ("rate", "CPU per request")
"""What a quiet machine repeats; percentiles of a server at its limit move by themselves."""


def readings(load: LoadEvidence | None, stress: StressEvidence | None) -> list[ControlReading]:
    """In order of time."""
    found = [*(load.control if load else []), *(stress.control if stress else [])]
    return sorted(found, key=lambda reading: reading.at_s)


def moved(found: Sequence[ControlReading]) -> Figures:
    """How far the largest reading of each figure lies above the smallest, as a share; None with fewer than two."""
    return {name: _spread([read(r) for r in found]) for name, read in READS.items()}


def _spread(values: Sequence[float]) -> float | None:
    return max(values) / min(values) - 1 if len(values) > 1 and min(values) > 0 else None


def of_window(window: LoadWindow) -> Figures:
    """The same figures of the submission; its rate is what was asked of it, and no figure of its own."""
    seen = window.latency
    return {"rate": None, "p50": seen.p50_ms if seen else None, "p99": seen.p99_ms if seen else None, "CPU per request": cpu_ms_per_request(window)}


def ratios(window: LoadWindow, found: Sequence[ControlReading]) -> Figures:
    """The submission's figures as multiples of the control's mean."""
    own = of_window(window)
    return {name: _ratio(own[name], [read(r) for r in found]) for name, read in READS.items()}


def _ratio(own: float | None, values: Sequence[float]) -> float | None:
    total = sum(values)
    return own * len(values) / total if own is not None and total > 0 else None
