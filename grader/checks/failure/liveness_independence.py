"""Does the health route keep saying 200 while a dependency is broken?"""

from __future__ import annotations

from grader.checks.analysis.dependency import broken_dependency
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    records = broken_dependency(faults, worst="falls")
    if isinstance(records, Finding):
        return records
    polls = [(record.id, status) for record in records for status in _statuses(record)]
    if not polls:
        return unmeasured("the health route was not polled while a dependency was broken")
    alive = sum(status == 200 for _, status in polls)
    level = at_least(alive / len(polls), (bars["steady"], "steady"), (bars["wavers"], "wavers"), below="falls")
    worst = sorted({id for id, status in polls if status != 200})
    seen = f"{alive} of {len(polls)} polls of the health route said 200 while a dependency was broken"
    return reached(level, seen + (f"; not in {', '.join(worst)}" if worst else ""), measure("alive", alive / len(polls) * 100, "%", n=len(polls)))


def _statuses(record: FaultRecord) -> list[int]:
    if record.inject_s is None or record.undo_s is None:
        return []
    return [status for at, status in record.liveness if record.inject_s < at < record.undo_s]
