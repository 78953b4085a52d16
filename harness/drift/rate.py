"""How fast the drift experiment may stream: fast enough to end soon, slow enough that it measures monitoring and not load."""

from __future__ import annotations

from grader.schema.causes import Trouble
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, StressEvidence

SHARE_OF_CAPACITY = 0.5
SLOWEST_SHARE = 0.5
"""Of the production rate, below which a stream goes only for a service that cannot bear it: the experiment lasts the longer."""

SHARE_OF_LITTLE = 0.7
"""Of what such a service answers at most: enough to leave it idle at times, so that monitoring is measured and not its queue."""

LEAST_SHARE = 0.15
"""Of the production rate: what cannot bear even that would be streamed at for an hour."""


def affordable(challenge: Challenge, load: LoadEvidence | None, stress: StressEvidence | None = None) -> float:
    """Requests per second: half of what the service was seen to do, within the challenge's bounds.

    A service that answers less than half of the production rate has lost its points under load already, and gets a stream that it can bear.
    Raises Trouble(too_slow) for one that would have to be asked for an hour.
    Where no capacity was searched it is read from CPU seconds per request in the healthy windows, since the load windows need not have
    reached the limit. Without load evidence it is half of the production rate: the only rate a service must bear in any case.
    """
    production = challenge.reality.rate_rps
    if stress and stress.capacity and (most := stress.capacity.most_rps):
        rate = _within(challenge, stress.capacity.rate_rps or most, most)
        if rate > most and not stress.capacity.void:
            raise Trouble("too_slow", f"it was seen to answer {most:.1f} requests/s at most, and gets {rate:g}/s here")
        return rate
    healthy = [
        window
        for window in (load.windows if load else [])
        if window.resources and window.sent and (window.ok + window.degraded) * 10 >= window.sent * 9
    ]
    cpu = sum(window.resources.cpu_seconds for window in healthy if window.resources)
    cost = cpu / sum(window.sent for window in healthy) if healthy else 0.0
    capacity = challenge.limits.cpus / cost if cost > 0 else production
    return _within(challenge, capacity, capacity)


def _within(challenge: Challenge, capacity: float, most: float) -> float:
    production = challenge.reality.rate_rps
    least = min(SLOWEST_SHARE * production, max(LEAST_SHARE * production, SHARE_OF_LITTLE * most))
    return min(challenge.drift.max_rate_rps, max(least, SHARE_OF_CAPACITY * capacity))
