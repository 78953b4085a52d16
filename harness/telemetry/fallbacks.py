"""What a service writes down about the answers that it gives while a dependency is broken: another path through its code than the usual one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.evidence import AuditEvidence, LogsEvidence
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.telemetry import audit, logs, personal

PREFIX = "dependency_"

RowsOf = Callable[[str], Sequence[Row]]


@dataclass(frozen=True)
class Written:
    """The trail held against the fallback answers only, and personal values of their requests: `sent`, and found in the log (`logged`)."""

    audit: AuditEvidence
    sent: int
    logged: int


class Fallbacks:
    """Collects the answers of the mode's dependency faults, and looks after the last of them: a later fault may lose what was written, or bury it."""

    def __init__(self, faults: Sequence[str]) -> None:
        self._broken = [fault for fault in faults if fault.startswith(PREFIX)]
        self._traces: dict[str, list[Trace]] = {}
        self._written: Written | None = None

    def witness(self, fault: str, trace: Trace) -> None:
        """Keep the trace of one experiment; of a fault that is repeated, all of them."""
        if fault in self._broken:
            self._traces.setdefault(fault, []).append(trace)

    def after(self, fault: str, candidate: Candidate, challenge: LoadedChallenge, rows_of: RowsOf) -> None:
        """Look, if that was the last. `rows_of` gives what a fault's requests were made of. Raises Trouble where files cannot be read."""
        if self._traces and fault == self._broken[-1]:
            self._written = read(candidate, challenge, self._traces, rows_of)

    def into_audit(self, quiet: AuditEvidence) -> AuditEvidence:
        """The reading before the faults, with what was found of fallback answers."""
        if self._written is None:
            return quiet
        found = self._written.audit
        leaks = None if quiet.canaries_found is None or found.canaries_found is None else quiet.canaries_found + found.canaries_found
        facts = {"sent": found.predictions_sent, "found": found.predictions_found, "agree": found.scores_agree}
        return quiet.model_copy(update={"canaries_found": leaks} | {f"fallbacks_{name}": count for name, count in facts.items()})

    def into_logs(self, quiet: LogsEvidence) -> LogsEvidence:
        """The log before the faults, with the personal values of what was answered from a fallback."""
        if self._written is None:
            return quiet
        sent, found = quiet.canaries_sent + self._written.sent, quiet.canaries_found + self._written.logged
        return quiet.model_copy(update={"canaries_sent": sent, "canaries_found": found})


def read(candidate: Candidate, challenge: LoadedChallenge, traces: Mapping[str, Sequence[Trace]], rows_of: RowsOf) -> Written:
    """What stands in trail and log by now of the answers in these traces, by fault, that said degraded."""
    contract = challenge.spec.contract
    sent = audit.fallbacks(*(trace for of_fault in traces.values() for trace in of_fault))
    requests = (row.request for fault in traces for row in rows_of(fault) if row.request[contract.id_field] in sent)
    canaries = personal.telling({str(request[field]) for request in requests for field in contract.canary_fields})
    trail = audit.read(candidate, challenge, sent, canaries)
    return Written(trail, len(canaries), personal.standing(candidate.logs(logs.MAX_BYTES), canaries))
