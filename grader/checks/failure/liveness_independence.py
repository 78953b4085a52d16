"""Do the health and the ready route keep saying 200 while a dependency is broken: the one always, the other while predictions are answered?"""

from __future__ import annotations

from grader.checks.analysis.dependency import broken_dependency
from grader.checks.analysis.recovery import during, good_share
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence

Polls = list[tuple[str, int]]
"""(fault, status) of each poll of one route while that fault was active."""


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    records = broken_dependency(faults, worst="falls")
    if isinstance(records, Finding):
        return records
    polls = [(record.id, status) for record in records for status in _within(record, record.liveness)]
    if not polls:
        return unmeasured("the health route was not polled while a dependency was broken")
    level = at_least(_share(polls), (bars["steady"], "steady"), (bars["wavers"], "wavers"), below="falls")
    seen = f"{_said(polls)} of the health route said 200 while a dependency was broken"
    figures = [measure("alive", _share(polls) * 100, "%", n=len(polls))]
    answering = [record for record in records if (good_share(during(record)) or 0.0) >= bars["answered"]]
    found = {record.id: [(record.id, status) for status in _within(record, record.readiness)] for record in answering}
    asked = {id: of_one for id, of_one in found.items() if of_one}
    if asked:
        every = [poll for of_one in asked.values() for poll in of_one]
        seen += f"; {_said(every)} of the ready route did while predictions were answered"
        figures.append(measure("ready", _share(every) * 100, "%", n=len(every)))
    if level == "steady" and any(_share(of_one) < bars["wavers"] for of_one in asked.values()):
        return reached("unready", f"{seen}: a platform would take every replica out of service", *figures)
    return reached(level, seen, *figures)


def _within(record: FaultRecord, polls: list[tuple[float, int]]) -> list[int]:
    if record.inject_s is None or record.undo_s is None:
        return []
    return [status for at, status in polls if record.inject_s < at < record.undo_s]


def _share(polls: Polls) -> float:
    return sum(status == 200 for _, status in polls) / len(polls)


def _said(polls: Polls) -> str:
    """`40 of 45 polls (not in dependency_drip)`."""
    lost = sorted({id for id, status in polls if status != 200})
    return f"{sum(status == 200 for _, status in polls)} of {len(polls)} polls" + (f" (not in {', '.join(lost)})" if lost else "")
