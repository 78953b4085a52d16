"""The audit trail on the data volume, held against the answers that we received."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from challenges.loader import LoadedChallenge
from grader.schema.evidence import AuditEvidence
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.strict_json import strict_json
from harness.text import one_line

DATA_DIR = "/data"
MAX_BYTES = 64 << 20
MAX_LINE = 16 << 10
DEADLINE_S = 3.0
POLL_S = 0.3
SCORE_TOLERANCE = 1e-4
"""An audit entry may round a score otherwise than the answer did."""
FIELDS = ("transaction_id", "time", "model_version", "input_digest", "score", "degraded")
"""Entry fields of the contract; the brief names the same."""

Answer = tuple[float, str]
Entry = dict[str, object]


def read(candidate: Candidate, challenge: LoadedChallenge, sent: Mapping[str, Answer], deadline_s: float = DEADLINE_S) -> AuditEvidence:
    """Hold the trail against `sent` (id -> score and model version of the answer). Waits for writers that buffer, up to the deadline."""
    path = f"{DATA_DIR}/{challenge.spec.contract.audit_file}"
    until = time.monotonic() + deadline_s
    while True:
        evidence = examine(candidate.read_file(path, MAX_BYTES), sent, challenge.spec.contract.id_field)
        left = until - time.monotonic()
        if evidence.predictions_found >= len(sent) or left <= 0:
            return evidence
        time.sleep(min(POLL_S, left))  # pace of polling; the condition above ends the wait


def answers(*traces: Trace) -> dict[str, Answer]:
    """id -> (score, model version) of every valid prediction in these traces: what the trail must hold."""
    found: dict[str, Answer] = {}
    for trace in traces:
        for row in np.flatnonzero(trace.valid).tolist():
            version = int(trace.version[row])
            found[trace.ids[row]] = (float(trace.score[row]), trace.versions[version] if version >= 0 else "")
    return found


def examine(raw: bytes | None, sent: Mapping[str, Answer], id_field: str = "transaction_id") -> AuditEvidence:
    """Facts of one reading; `raw` is None when there is no file."""
    if raw is None:
        return AuditEvidence(
            exists=False, lines=0, parsed=0, predictions_sent=len(sent), predictions_found=0, duplicates=0, with_fields={}, scores_agree=0
        )
    lines = [line for line in raw.split(b"\n") if line.strip()]
    entries = [_entry(line) for line in lines]
    malformed = next((line for line, entry in zip(lines, entries, strict=True) if entry is None), b"")
    first: dict[str, Entry] = {}
    times: Counter[str] = Counter()
    for id, entry in _ours(entries, sent, id_field):
        first.setdefault(id, entry)
        times[id] += 1
    fields = [id_field, *(field for field in FIELDS if field != id_field)]
    return AuditEvidence(
        exists=True,
        lines=len(lines),
        parsed=sum(entry is not None for entry in entries),
        predictions_sent=len(sent),
        predictions_found=len(first),
        duplicates=sum(times.values()) - len(first),
        with_fields={field: sum(entry.get(field) is not None for entry in first.values()) for field in fields},
        scores_agree=sum(_agrees(entry, sent[id]) for id, entry in first.items()),
        malformed_sample=one_line(malformed, 200),
    )


def _entry(line: bytes) -> Entry | None:
    if len(line) > MAX_LINE:
        return None
    try:
        value = strict_json(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _ours(entries: list[Entry | None], sent: Mapping[str, Answer], id_field: str) -> Iterator[tuple[str, Entry]]:
    for entry in entries:
        id = entry.get(id_field) if entry else None
        if entry is not None and isinstance(id, str) and id in sent:
            yield id, entry


def _agrees(entry: Entry, answer: Answer) -> bool:
    score, version = answer
    told = entry.get("score")
    close = isinstance(told, int | float) and not isinstance(told, bool) and abs(told - score) <= SCORE_TOLERANCE
    return close and str(entry.get("model_version")) == version
