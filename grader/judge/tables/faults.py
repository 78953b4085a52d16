"""Injected failures in numbers, and what wrong inputs were answered with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grader.checks.analysis.inputs import flaw
from grader.checks.analysis.recovery import before, during, good_share, recovery_s
from grader.schema.evidence import FaultCase, FaultRecord, FaultsEvidence
from grader.schema.result import Table

BODY = 80
"""Characters of an answer's body: enough to see whether it gives a reason."""

INPUT = "input"
"""Target of the fault whose cases are requests. Others have cases too: a broken model is answered by a readiness of 503, and rightly so."""

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
    """What wrong inputs were answered with: a row for each that was handled wrong, with its request, then a row per right answer."""
    cases = [case for record in faults.faults if record.target == INPUT for case in record.cases] if faults else []
    if not cases:
        return None
    right: dict[tuple[str, str], list[FaultCase]] = {}
    for case in cases:
        if flaw(case) is None:
            right.setdefault((case.expected, _answer(case)), []).append(case)
    rows = [_input([case.name], [case], "wrong", why, case.request) for case in cases if (why := flaw(case))]
    rows += [_input(_kinds(group), group, "right", answer, "") for (_, answer), group in right.items()]
    says = "Either: the contract leaves open whether it is refused or scored. What was handled wrong stands first, with what was changed."
    columns = ["input", "handled", "must be", "answered with", "request", "body", "slowest ms", "alive afterwards"]
    return Table(id="inputs", title="Wrong inputs and their answers", theme="faults", columns=columns, rows=rows, says=says)


def _input(names: Sequence[str], cases: Sequence[FaultCase], handled: str, answer: str, request: str) -> Row:
    slowest, alive = round(max(case.seconds for case in cases) * 1000, 1), all(case.alive_after for case in cases)
    told = ", ".join(names) if len(cases) == 1 else f"{len(cases)}: {', '.join(names)}"
    return [told, handled, cases[0].expected, answer, request, cases[0].body[:BODY], slowest, "yes" if alive else "no"]


def _answer(case: FaultCase) -> str:
    return case.error or "no answer" if case.status is None else str(case.status)


def _kinds(cases: Sequence[FaultCase]) -> list[str]:
    return [f"{kind} ({n})" if n > 1 else kind for kind, n in Counter(case.kind for case in cases).items()]
