"""Fault strips as data: the share of good answers before, under and after each injected fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.checks.analysis.recovery import GOOD, recovery_s
from grader.judge.evaluate import Evaluated
from grader.judge.say import readable
from grader.schema.bundle import Bundle
from grader.schema.evidence import FaultRecord, FaultsEvidence, TimeBin
from grader.schema.result import FaultStrip, Outcome

STRIP_BIN_S = 0.25
"""Cells of the fault strip: wide enough to hold a few dozen requests, narrow enough that a one-second outage shows."""


def fault_strips(bundle: Bundle, checks: Mapping[str, Evaluated], by_fault: Mapping[str, str]) -> list[FaultStrip]:
    """One strip per fault. `by_fault` names the check that judges it."""
    faults = bundle.evidence.get("faults")
    if not isinstance(faults, FaultsEvidence):
        return []
    return [_strip(record, checks.get(by_fault.get(record.id, ""))) for record in faults.faults]


def _strip(record: FaultRecord, check: Evaluated | None) -> FaultStrip:
    return FaultStrip(
        id=record.id, check=check.id if check else "", title=_title(record, check),
        injected=record.injected, outcome=_outcome(record, check), says=_says(record, check),
        recovery_s=_recovery(record, check), recovered=_recovered(record, check), bin_s=STRIP_BIN_S,
        inject_s=record.inject_s, undo_s=record.undo_s, cells=cells(record),
    )  # fmt: skip


def _title(record: FaultRecord, check: Evaluated | None) -> str:
    """What the check's row is titled; `says` tells of one that was not judged."""
    if check is not None:
        return check.title if check.finding.judged else check.rule.title
    words = readable(record.id)
    return words[:1].upper() + words[1:]


def _outcome(record: FaultRecord, check: Evaluated | None) -> Outcome | None:
    if check is None:
        return None if record.injected else Outcome.UNKNOWN
    return check.outcome if check.finding.judged else Outcome.UNKNOWN


def _says(record: FaultRecord, check: Evaluated | None) -> str:
    if check is None:
        return _unscored(record)
    return check.finding.observed if check.finding.judged else f"not judged: {check.finding.observed}"


def _unscored(record: FaultRecord) -> str:
    """What is expected and what was seen of a fault that no check judges."""
    if record.failure is not None:
        return record.failure.sentence
    return f"Expected: {record.expectation}. Seen: {record.proof}" if record.expectation else record.proof


def _recovery(record: FaultRecord, check: Evaluated | None) -> float | None:
    """Seconds, as the check judged them; else read from the record where it shows an outage."""
    if not record.injected or record.failure is not None:
        return None
    measured = next((m.value for m in check.finding.measures if m.name == "recovered after"), None) if check else None
    found = recovery_s(record) if measured is None and _outage(record) else measured
    return None if found is None else round(found, 1)


def _recovered(record: FaultRecord, check: Evaluated | None) -> str:
    """The same in words, and why there is no number where there is none."""
    if not record.injected:
        return "not exercised"
    seconds, outage = _recovery(record, check), _outage(record)
    if seconds:
        return f"{seconds:g} s to recover"
    if not outage:
        return "no outage" if record.bins else ""
    return "no recovery seen" if seconds is None else f"good within {record.bin_s:g} s"


def _outage(record: FaultRecord) -> bool:
    return any(share is not None and share < GOOD for share in cells(record))


def cells(record: FaultRecord) -> list[float | None]:
    """Share of good answers per cell, None where nothing was sent."""
    found = grouped(record.bins, STRIP_BIN_S)
    return [_share_good(found.get(i, [])) for i in range(max(found, default=-1) + 1)]


def grouped(bins: Sequence[TimeBin], width_s: float) -> dict[int, list[TimeBin]]:
    """Bins by the wider slice of time that they start in."""
    groups: dict[int, list[TimeBin]] = {}
    for b in bins:
        groups.setdefault(int(b.t_s / width_s + 1e-9), []).append(b)
    return groups


def _share_good(bins: Sequence[TimeBin]) -> float | None:
    sent = sum(b.sent for b in bins)
    return round(sum(b.ok + b.degraded for b in bins) / sent, 3) if sent else None
