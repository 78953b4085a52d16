"""What every load check asks first: was the window sent, and may it be judged?"""

from __future__ import annotations

from collections.abc import Callable

from grader.checks.api import unmeasured
from grader.schema.base import Culprit
from grader.schema.evidence import LoadEvidence, LoadWindow
from grader.schema.result import Finding

PER_MILLION = 1e6


def usable(load: LoadEvidence, name: str, judge: Callable[[LoadWindow], Finding], best: str) -> Finding:
    """Judge a window, if it may be judged.

    A void one can only help. What spoils a window (requests that left late, a neighbour on the candidate's core) makes a service look
    worse and never better, since latency counts from the intended arrival; so where the best level is reached all the same, it
    stands, and anything less says nothing. A window in which we dropped arrivals was less load than promised and never counts.
    """
    window = load.window(name)
    if window is None:
        return unmeasured(f"no window {name} was sent")
    if not window.sent:
        return unmeasured(f"window {name} sent no request")
    if not window.void:
        return judge(window)
    finding = None if window.dropped else judge(window)
    if finding is not None and finding.level == best:
        return finding.model_copy(update={"observed": f"{finding.observed}; in a disturbed window, so the truth is no worse"})
    culprit = Culprit.GRADER if window.void.startswith("generator") else Culprit.HOST
    return unmeasured(f"window {name} is void after {window.attempts} attempts: {window.void}", culprit)


def good(window: LoadWindow) -> int:
    """Requests with a valid prediction, degraded or not."""
    return window.ok + window.degraded


def cpu_ms_per_request(window: LoadWindow) -> float | None:
    """CPU time of the container per request that was sent, in ms; None without accounting."""
    if window.resources is None or not window.sent:
        return None
    return window.resources.cpu_seconds / window.sent * 1e3
