"""Time to recovery from an open-loop record: pure reading of TimeBins, for the failure checks and for charts.

A request counts as good when it got a valid prediction, degraded or not; shedding and failing do not. A single bin of 0.1 s at
100 requests/s holds ten requests, so recovery is read over a hold of one second and not off one lucky bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from grader.schema.evidence import FaultRecord, TimeBin

HOLD_S = 1.0
"""How long the service must stay good before its recovery counts."""

GOOD = 0.95
"""Share of good answers over the hold."""

FIRST = 0.8
"""Share in the very bin where recovery starts: else it would start in the outage's last bin."""


def between(bins: Sequence[TimeBin], start: float, end: float) -> list[TimeBin]:
    """Bins whose start lies in [start, end)."""
    return [b for b in bins if start - 1e-9 <= b.t_s < end - 1e-9]


def good_share(bins: Sequence[TimeBin]) -> float | None:
    """Share of requests with a valid prediction; None where nothing was sent."""
    sent = sum(b.sent for b in bins)
    return (sent - sum(b.shed + b.failed for b in bins)) / sent if sent else None


def calm_share(bins: Sequence[TimeBin]) -> float | None:
    """Share of requests that were answered well or shed at once: what a client can live with."""
    sent = sum(b.sent for b in bins)
    return (sent - sum(b.failed for b in bins)) / sent if sent else None


def fallback_share(bins: Sequence[TimeBin]) -> float:
    """Share of fallbacks in the valid predictions; 0.0 without any."""
    return sum(b.degraded for b in bins) / max(1, sum(b.ok + b.degraded for b in bins))


def typical_p95(bins: Sequence[TimeBin]) -> float | None:
    """Median of the bins' p95 in ms; None without one."""
    values = sorted(b.p95_ms for b in bins if b.p95_ms is not None)
    return values[len(values) // 2] if values else None


def recovered_at(bins: Sequence[TimeBin], since: float, *, p95_ms: float | None = None, fallbacks: float = 1.0) -> float | None:
    """First bin start from `since` on where service stays good for HOLD_S, with at most such a share of fallbacks; None if never seen.

    With `p95_ms` it has to be fast as well.

    The record's last stretch may be shorter than the hold: half of it is the least that proves anything.
    """
    later = [b for b in bins if b.t_s >= since - 1e-9 and b.sent]
    for index, first in enumerate(later):
        hold = [b for b in later[index:] if b.t_s < first.t_s + HOLD_S - 1e-9]
        if _span(hold) >= HOLD_S / 2 and _stays_good(first, hold) and _fast(hold, p95_ms) and fallback_share(hold) <= fallbacks:
            return first.t_s
    return None


def recovery_s(record: FaultRecord, since: float | None = None, *, p95_ms: float | None = None) -> float | None:
    """Seconds from `since` (default: the undo) to recovery; None if it was never seen."""
    start = record.undo_s if since is None else since
    if start is None:
        return None
    at = recovered_at(record.bins, start, p95_ms=p95_ms)
    return None if at is None else max(0.0, at - start)


def during(record: FaultRecord) -> list[TimeBin]:
    """Bins that lie wholly inside the fault: requests on its edges met two worlds."""
    if record.inject_s is None or record.undo_s is None:
        return []
    return between(record.bins, record.inject_s + record.bin_s, record.undo_s - record.bin_s)


def before(record: FaultRecord) -> list[TimeBin]:
    """Bins of the steady state before the fault."""
    return [] if record.inject_s is None else between(record.bins, 0.0, record.inject_s - record.bin_s)


def _span(hold: Sequence[TimeBin]) -> float:
    if len(hold) < 2:
        return 0.0
    step = min(b.t_s - a.t_s for a, b in pairwise(hold))
    return hold[-1].t_s - hold[0].t_s + step + 1e-9


def _stays_good(first: TimeBin, hold: Sequence[TimeBin]) -> bool:
    share, start = good_share(hold), good_share([first])
    return share is not None and start is not None and share >= GOOD and start >= FIRST


def _fast(hold: Sequence[TimeBin], p95_ms: float | None) -> bool:
    typical = typical_p95(hold)
    return p95_ms is None or (typical is not None and typical <= p95_ms)
