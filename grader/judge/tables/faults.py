"""Injected failures in numbers, and what wrong inputs were answered with."""

from __future__ import annotations

from grader.checks.analysis.recovery import before, during, good_share, recovery_s
from grader.schema.evidence import FaultCase, FaultRecord, FaultsEvidence
from grader.schema.result import Table

BODY = 120
"""Characters of an answer's body: enough to see whether it gives a reason."""

Row = list[str | float | None]


def injected(faults: FaultsEvidence | None) -> Table | None:
    if faults is None or not faults.faults:
        return None
    columns = ["fault", "shown to be active", "began s", "ended s", "good before %", "good under it %", "good after %", "recovered in s", "proof"]
    rows = [_fault(record) for record in faults.faults]
    return Table(id="faults", title="Injected failures in numbers", theme="faults", columns=columns, rows=rows)


def _fault(record: FaultRecord) -> Row:
    after = [] if record.undo_s is None else [b for b in record.bins if b.t_s >= record.undo_s]
    shares: Row = [_percent(good_share(before(record))), _percent(good_share(during(record))), _percent(good_share(after))]
    proof = record.failure.sentence if record.failure else record.proof
    active = "yes" if record.injected else "no"
    recovered = recovery_s(record) if record.injected else None
    return [record.id, active, _rounded(record.inject_s), _rounded(record.undo_s), *shares, _rounded(recovered), proof]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def inputs(faults: FaultsEvidence | None) -> Table | None:
    """What each wrong input was answered with."""
    rows = [_input(case) for record in faults.faults for case in record.cases] if faults else []
    columns = ["input", "answered with", "ms", "alive afterwards", "body"]
    return Table(id="inputs", title="Wrong inputs and their answers", theme="faults", columns=columns, rows=rows) if rows else None


def _input(case: FaultCase) -> Row:
    answer = case.error or "no answer" if case.status is None else str(case.status)
    return [case.name, answer, round(case.seconds * 1000, 1), "yes" if case.alive_after else "no", case.body[:BODY]]
