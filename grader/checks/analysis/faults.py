"""What every fault check asks first: was the fault shown to be active, and did the experiment end by the candidate's doing?"""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.api import reached, unjudged, unmeasured
from grader.schema.base import Culprit
from grader.schema.evidence import FaultRecord, FaultsEvidence
from grader.schema.result import Finding

UNHEALTHY = 0.5
"""Share of good answers in the steady state below which there is nothing left to break."""

DEPENDENCY = (
    "dependency_slow", "dependency_errors", "dependency_refused", "dependency_blackhole", "dependency_reset", "dependency_drip", "dependency_garbage",
    "dependency_missing_field", "dependency_nan", "dependency_huge", "dependency_flapping", "dependency_name_gone",
)  # fmt: skip
"""Those in which a model cannot have what it needs. With rotated credentials it can, so that fault is not one of them."""


def judgeable(faults: FaultsEvidence, id: str, worst: str) -> FaultRecord | Finding:
    """The record if it may be judged, else the finding that says why not.

    A failure of the candidate's doing is the worst rung with its reason, seen only if the fault was active. Without proof of that nothing is
    judged.
    """
    record = faults.fault(id)
    if record is None:
        return unmeasured(f"the fault {id} was not exercised")
    if record.failure is not None:
        if record.failure.culprit is Culprit.CANDIDATE:
            return (reached if record.injected else unjudged)(worst, record.failure.sentence)
        return unmeasured(record.failure.sentence, record.failure.culprit)
    if not record.injected:
        return unmeasured(f"not shown to be active: {record.proof}")
    healthy = record.facts.get("healthy_before", 1.0)
    if healthy < UNHEALTHY:
        return unjudged(worst, f"only {healthy:.0%} of the requests were answered well before anything was broken")
    return record


def judgeable_of(faults: FaultsEvidence, ids: Sequence[str]) -> list[FaultRecord]:
    """Those of several faults that were active and ended without a failure."""
    return [record for id in ids if (record := faults.fault(id)) and record.injected and record.failure is None]


def doomed(faults: FaultsEvidence, ids: Sequence[str]) -> str | None:
    """The first sentence of a failure that is the candidate's doing, among several faults."""
    records = [record for id in ids if (record := faults.fault(id)) and record.failure]
    return next((r.failure.sentence for r in records if r.failure and r.failure.culprit is Culprit.CANDIDATE), None)
