"""What every load check asks first: was the window sent, and may it be judged?"""

from __future__ import annotations

from collections.abc import Callable

from grader.checks.api import unmeasured
from grader.schema.base import Culprit
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, LoadEvidence, LoadWindow, StressEvidence
from grader.schema.result import Finding

PER_MILLION = 1e6
SLOW_SHARE = 0.01
"""p99 within the target."""
FALLBACK_SHARE = 0.1
"""Of a window's requests: with more of them a rate is not served, it is got rid of."""


def usable(load: LoadEvidence, name: str, judge: Callable[[LoadWindow], Finding], best: str) -> Finding:
    """Judge a window, if it may be judged.

    A void one can only help. What spoils a window (requests that left late, a neighbour on the candidate's core) makes a service look
    worse and never better, since latency counts from the intended arrival; so where the best level is reached all the same, it
    stands, and anything less says nothing. A window in which we dropped arrivals was less load than promised and never counts.
    """
    return usable_window(load.window(name), name, judge, best)


def usable_window(window: LoadWindow | None, name: str, judge: Callable[[LoadWindow], Finding], best: str) -> Finding:
    """The same for a window that is at hand."""
    if window is None:
        return unmeasured(f"no window {name} was sent")
    if not window.sent:
        return unmeasured(f"window {name} sent no request")
    if not window.void:
        return judge(window)
    finding = None if window.dropped else judge(window)
    if finding is not None and finding.level == best:
        return finding.model_copy(update={"observed": f"{finding.observed}; in a disturbed window, so the truth is no worse"})
    return unmeasured(f"window {name} is void after {window.attempts} attempts: {window.void}", Culprit.HOST)


def usable_capacity(stress: StressEvidence, judge: Callable[[Capacity], Finding], best: str) -> Finding:
    """Judge the capacity search, if it may be judged: a void one can only help, as a void window can."""
    capacity = stress.capacity
    if capacity is None:
        return unmeasured("no capacity was searched")
    finding = judge(capacity)
    if not capacity.void:
        return finding
    if finding.level == best:
        return finding.model_copy(update={"observed": f"{finding.observed}; on a disturbed host, so the truth is no worse"})
    return unmeasured(f"the capacity search is void: {capacity.void}", Culprit.HOST)


def shown_rate(load: LoadEvidence, challenge: Challenge) -> float:
    """The highest rate of a window that met the latency target; 0.0 without one. A ramp shows no rate.

    A search wears some services out (one that opens a connection per request to its store runs out of ports), so that no rate holds
    afterwards; what was seen to hold before stays true.
    """
    level = [w for w in load.windows if w.latency and not w.dropped and w.rate_from_rps is None and w.rate_rps >= challenge.reality.rate_rps]
    met = [w for w in level if w.latency and w.latency.over_slo <= SLOW_SHARE * w.sent and w.degraded <= FALLBACK_SHARE * w.sent]
    return max((w.rate_rps for w in met), default=0.0)


def undegraded_rate(capacity: Capacity, most: float) -> float:
    """The published rate, if at most a share of `most` of its confirmation's answers were fallbacks; else the highest trial that held so.

    Dropping half of the inputs is a way to be fast. 0.0 where no rate held, or none without falling back.
    """
    if capacity.rate_rps is None:
        return 0.0
    held = [trial for trial in capacity.trials if trial.held and trial.sent]
    confirmed = [trial for trial in held if trial.phase == "confirm"][-1:]
    if all(trial.degraded <= most * trial.sent for trial in confirmed):
        return capacity.rate_rps
    return max((trial.rate_rps for trial in held if trial.degraded <= most * trial.sent), default=0.0)


def reached_rate(capacity: Capacity) -> str:
    """The capacity in words: what was confirmed, and what ended the search."""
    if capacity.rate_rps is None:
        return f"no rate held the target (saturated at {capacity.saturation_rps:.0f} requests/s)"
    ends = {
        "service": f"; {capacity.failed_rps:.0f}/s did not hold" if capacity.failed_rps else "; the search ran out of time",
        "generator": "; the load generator could not send more",
        "highest_rate": "; no more was tried",
    }[capacity.limited_by]
    return f"held {capacity.rate_rps:.0f} requests/s within the target{ends}"


def good(window: LoadWindow) -> int:
    """Requests with a valid prediction, degraded or not."""
    return window.ok + window.degraded


def cpu_ms_per_request(window: LoadWindow) -> float | None:
    """CPU time of the container per request that was sent, in ms; None without accounting."""
    if window.resources is None or not window.sent:
        return None
    return window.resources.cpu_seconds / window.sent * 1e3


def pace(p95_ms: float) -> str:
    """How fast answers came; infinite where there was none."""
    return f"p95 {p95_ms:.0f} ms" if p95_ms != float("inf") else "none whose time could be taken"
