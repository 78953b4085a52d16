"""How fast the drift experiment may stream: fast enough to end soon, slow enough that it measures monitoring and not load."""

from __future__ import annotations

from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, StressEvidence

SHARE_OF_CAPACITY = 0.5
SLOWEST_SHARE = 0.5
"""Never below this share of the production rate, or the experiment would outlast its budget; a service that cannot bear even that has
failed under load already."""


def affordable(challenge: Challenge, load: LoadEvidence | None, stress: StressEvidence | None = None) -> float:
    """Requests per second: half of what the service was seen to do, within the challenge's bounds.

    Where no capacity was searched it is read from CPU seconds per request in the healthy windows, since the load windows need not have
    reached the limit. Without load evidence it is half of the production rate: the only rate a service must bear in any case.
    """
    production = challenge.reality.rate_rps
    if stress and stress.capacity and (searched := stress.capacity.rate_rps):
        return _within(challenge, searched)
    healthy = [
        window
        for window in (load.windows if load else [])
        if window.resources and window.sent and (window.ok + window.degraded) * 10 >= window.sent * 9
    ]
    cpu = sum(window.resources.cpu_seconds for window in healthy if window.resources)
    cost = cpu / sum(window.sent for window in healthy) if healthy else 0.0
    capacity = challenge.limits.cpus / cost if cost > 0 else production
    return _within(challenge, capacity)


def _within(challenge: Challenge, capacity: float) -> float:
    return min(challenge.drift.max_rate_rps, max(SLOWEST_SHARE * challenge.reality.rate_rps, SHARE_OF_CAPACITY * capacity))
