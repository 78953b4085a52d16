"""What a latency histogram told while the feature store kept every caller waiting: the one time at which its part of the wait is large.

In a steady state the store takes a millisecond, so a histogram around the model alone looks as true as one around the handler.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.checks.analysis.faults import DEPENDENCY, judgeable_of
from grader.checks.analysis.lies import started_anew
from grader.checks.analysis.metrics import Between, Distribution, around, distribution, readable, request_counters
from grader.checks.analysis.recovery import between as bins_between
from grader.schema.challenge import Challenge
from grader.schema.evidence import FaultRecord, FaultsEvidence, MetricsEvidence

SLOW = ("dependency_slow", "dependency_blackhole", "dependency_drip")
"""The faults under which an answer takes as long as the service is willing to wait."""

FEWEST = 5
"""Slices of time with a slow answer, over all of these faults; a breaker leaves five in each."""

SEEN = 0.25
"""Observations beyond the bound per such slice that are too few to be what callers waited: a slice holds at least one slow answer.

A noisy host adds to them, and then nobody can tell.
"""

FEWEST_DEGRADED = 50
MISSED = 0.8
"""Share of the fallback answers that must be missing for all of them to be."""


@dataclass(frozen=True)
class Slowed:
    """One fault: how many requests were answered, how many of them by the fallback, and what the histogram took up meanwhile."""

    slow_ms: list[float]
    answered: int
    degraded: int
    own: Distribution


def untold(own: Distribution, metrics: MetricsEvidence, faults: FaultsEvidence | None, challenge: Challenge, floor_ms: float) -> str:
    """How the histogram leaves out the wait for the store, or the answers given without it; empty where it does not, or nobody can tell.

    `own` is the histogram over the steady load. A wait of less than `floor_ms` may as well be the network's or a queue's.
    """
    seen = [found for record in judgeable_of(faults, SLOW) if (found := _slowed(own.name, record, metrics, challenge, floor_ms))] if faults else []
    answered, degraded = sum(s.answered for s in seen), sum(s.degraded for s in seen)
    counted = sum(s.own.count for s in seen)
    if degraded >= FEWEST_DEGRADED and counted <= answered - MISSED * degraded:
        return f"while the feature store was slow {answered} requests were answered and {counted:.0f} observed: answers given without it are left out"
    slow = sorted(ms for s in seen for ms in s.slow_ms)
    bound = _bound(own, floor_ms)
    if len(slow) < FEWEST or bound is None:
        return ""
    beyond = sum(_beyond(s.own, bound) for s in seen)
    if beyond >= SEEN * len(slow):
        return ""
    waited = f"callers waited {slow[len(slow) // 2]:.0f} ms while the feature store was slow"
    return f"{waited}, and next to nothing beyond {bound * 1e3:g} ms was observed: the call is left out"


def uncounted(name: str, metrics: MetricsEvidence, faults: FaultsEvidence | None, challenge: Challenge) -> str:
    """How a counter of requests leaves out the answers given without the store; empty where it does not, or nobody can tell."""
    answered = degraded = counted = 0.0
    for record in judgeable_of(faults, DEPENDENCY) if faults else []:
        pair = around(metrics, record.id)
        grown = dict(request_counters(pair, challenge)).get(name) if pair and _comparable(pair) else None
        if grown is not None and sum(grown.values()) > 0:
            answered, counted = answered + _answered(record), counted + sum(grown.values())
            degraded += sum(b.degraded for b in record.bins)
    if degraded < FEWEST_DEGRADED or counted > answered - MISSED * degraded:
        return ""
    seen = f"{counted:.0f} of {answered:.0f} answers were counted while the feature store was broken"
    return f"{seen}: the {degraded:.0f} given without it are left out"


def _slowed(name: str, record: FaultRecord, metrics: MetricsEvidence, challenge: Challenge, floor_ms: float) -> Slowed | None:
    """None where the metrics cannot be read around the fault, began anew in it, or callers waited before it already."""
    pair = around(metrics, record.id)
    if pair is None or record.inject_s is None or record.undo_s is None or not _comparable(pair):
        return None
    own = _grown(pair, name, challenge)
    calm = [b.p95_ms for b in bins_between(record.bins, 0.0, record.inject_s - record.bin_s) if b.p95_ms is not None]
    if own is None or own.count <= 0 or own.broken or not calm or sorted(calm)[len(calm) // 2] > floor_ms:
        return None
    lasted = bins_between(record.bins, record.inject_s - record.bin_s, record.undo_s)  # from the slice on in which it began
    slow = [b.p95_ms for b in lasted if b.p95_ms is not None and b.p95_ms >= 2 * floor_ms]
    return Slowed(slow, _answered(record), sum(b.degraded for b in record.bins), own)


def _comparable(pair: Between) -> bool:
    return readable(pair.before) and readable(pair.after) and not started_anew(pair.before, pair.after)


def _answered(record: FaultRecord) -> int:
    """Without those that failed: whoever gives up on a request need not count it."""
    return sum(b.ok + b.degraded + b.shed for b in record.bins)


def _grown(pair: Between, name: str, challenge: Challenge) -> Distribution | None:
    family = next((family for family in pair.after.families if family.name == name), None)
    return distribution(pair, family, challenge) if family else None


def _bound(own: Distribution, floor_ms: float) -> float | None:
    """The bound beyond which a wait must show: well below the wait itself, since part of that may have been spent in a queue."""
    low = [bound for bound in own.bounds if bound <= floor_ms / 2e3]
    return max(low) if low else next((bound for bound in own.bounds if bound <= floor_ms / 1e3), None)


def _beyond(own: Distribution, bound: float) -> float:
    return own.count - dict(own.buckets).get(bound, 0.0)
