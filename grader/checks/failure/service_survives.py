"""Is the service whole again after every fault?"""

from __future__ import annotations

from itertools import pairwise

from grader.checks.analysis.recovery import HOLD_S, between, good_share
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.base import Culprit
from grader.schema.evidence import FaultRecord, FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    """Who falls back for good since a fault is not whole either: before the next one the harness waits for it to use the store again."""
    judged = {record.id: verdict for record in faults.faults if (verdict := _whole(record, bars["good"])) is not None}
    if not judged:
        return unmeasured("no fault was shown to be active")
    stuck = [record.id for record, later in pairwise(faults.faults) if record.id in judged and _stuck(record, later, bars["stuck"])]
    lost = [id for id, whole in judged.items() if not whole or id in stuck]
    early = [record.id for record in faults.faults if record.id in lost and record.failure and not record.injected]
    after = [id for id in lost if id not in early]
    seen = f"whole again after {len(judged) - len(lost)} of {len(judged)} faults" + (f"; not after {', '.join(after)}" if after else "")
    seen += f"; gone before {', '.join(early)}" if early else ""
    seen += f"; since {', '.join(stuck)} it gave fallbacks, though the feature store was well again" if stuck else ""
    figure = measure("survived", len(judged) - len(lost), "faults", n=len(judged))
    if not lost:
        return reached("whole", seen, figure)
    return reached("once" if len(lost) == 1 and len(judged) > 2 else "falls", seen, figure)


def _stuck(record: FaultRecord, later: FaultRecord, most: float) -> bool:
    return record.facts.get("degraded_before", 1.0) < most <= later.facts.get("degraded_before", 0.0)


def _whole(record: FaultRecord, good: float) -> bool | None:
    """None where it cannot be told. After a stop the harness starts it again, so readiness decides; else the last second of answers."""
    if record.facts.get("restarted_by_harness"):
        return False
    if record.failure is not None:
        return False if record.failure.culprit is Culprit.CANDIDATE else None
    if not record.injected:
        return None
    if "ready_s" in record.facts:
        return record.facts["ready_s"] >= 0
    if record.cases:
        return record.cases[-1].alive_after
    if not record.bins:
        return None
    end = record.bins[-1].t_s + record.bin_s
    share = good_share(between(record.bins, end - HOLD_S, end))
    return None if share is None else share >= good
