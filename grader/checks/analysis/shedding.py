"""What a counter of requests told of a burst of which a part was refused: the one time at which refusals for too much load are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.checks.analysis.lies import started_anew
from grader.checks.analysis.metrics import around, counter_growths, readable, request_counters
from grader.schema.challenge import Challenge
from grader.schema.evidence import FaultRecord, FaultsEvidence, MetricsEvidence

OVERLOAD = "overload"
FEWEST = 50
"""Refused requests; among fewer, those that a host lost on the way would count."""

MISSED = 0.8
"""Share of them that must be missing for all of them to be."""

NEAR = (0.8, 1.25)
"""Shares between which another counter's growth is taken for that of the refused."""


@dataclass(frozen=True)
class _Burst:
    """Answers to the burst and to the probe beside it. What was late or lost is in neither: it need not be counted."""

    served: float
    shed: float


def unshed(name: str, metrics: MetricsEvidence, faults: FaultsEvidence | None, challenge: Challenge) -> str:
    """How the counter `name`, and every other, leaves out what was refused in a burst; empty where it does not, or nobody can tell."""
    record, pair = faults.fault(OVERLOAD) if faults else None, around(metrics, OVERLOAD)
    burst = _burst(record) if record is not None else None
    if burst is None or pair is None or not readable(pair.before) or not readable(pair.after) or started_anew(pair.before, pair.after):
        return ""
    grown = sum(dict(request_counters(pair, challenge)).get(name, {}).values())
    if not MISSED * burst.served <= grown <= burst.served + (1 - MISSED) * burst.shed:
        return ""
    least, most = (share * burst.shed for share in NEAR)
    if any(least <= growth <= most for growth in counter_growths(pair)):
        return ""  # a counter of its own tells of them
    return f"in a burst {grown:.0f} were counted while {burst.served:.0f} were served and {burst.shed:.0f} refused: no counter tells of the refused"


def _burst(record: FaultRecord) -> _Burst | None:
    """None where too few were refused. Whether as much was sent as was planned changes nothing about what was answered."""
    facts: Mapping[str, float] = record.facts
    if record.failure is not None or not {"burst_ok", "burst_shed"} <= facts.keys():
        return None
    served = facts["burst_ok"] + sum(b.ok + b.degraded for b in record.bins)
    shed = facts["burst_shed"] + sum(b.shed for b in record.bins)
    return _Burst(served, shed) if shed >= FEWEST else None
