"""The audit trail on the data volume, held against the answers that we received."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from challenges.loader import LoadedChallenge
from grader.schema.evidence import AuditEvidence
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.strict_json import strict_json
from harness.telemetry import personal
from harness.text import one_line

DATA_DIR = "/data"
MAX_BYTES = 64 << 20
MAX_LINE = 16 << 10
ROTATED = 5
"""Rotated files that are read beside the current one: a trail in a volume of memory must be bounded somehow."""
DEADLINE_S = 3.0
POLL_S = 0.3
SCORE_TOLERANCE = 1e-4
"""An audit entry may round a score otherwise than the answer did."""
FIELDS = ("transaction_id", "time", "model_version", "input_digest", "score", "degraded")
"""Entry fields of the contract; the brief names the same."""

Answer = tuple[float, str]
Entry = dict[str, object]


def read(
    candidate: Candidate, challenge: LoadedChallenge, sent: Mapping[str, Answer], canaries: Collection[str] = (), deadline_s: float = DEADLINE_S
) -> AuditEvidence:
    """Hold the trail against `sent` (id -> score and model version of the answer). Waits for writers that buffer, up to the deadline.

    `canaries` are personal values of requests that were sent; none may stand in it.
    """
    path = f"{DATA_DIR}/{challenge.spec.contract.audit_file}"
    until = time.monotonic() + deadline_s
    while True:
        trail = _trail(candidate, path)
        evidence = examine(trail, sent, challenge.spec.contract.id_field)
        left = until - time.monotonic()
        if evidence.predictions_found >= len(sent) or left <= 0:
            return evidence.model_copy(update={"canaries_found": personal.standing(trail or b"", canaries)})
        time.sleep(min(POLL_S, left))  # pace of polling; the condition above ends the wait


def _trail(candidate: Candidate, path: str) -> bytes | None:
    """The file, after its rotated predecessors (path.1 is the youngest), MAX_BYTES in all; None where there is none of them."""
    parts: list[bytes] = []
    for name in (path, *(f"{path}.{n}" for n in range(1, ROTATED + 1))):
        part = candidate.read_file(name, MAX_BYTES - sum(map(len, parts)))
        if part is None and name != path:
            break
        if part is not None:
            parts.insert(0, part if part.endswith(b"\n") else part + b"\n")
    return b"".join(parts) if parts else None


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
    fields = [id_field, *(field for field in FIELDS if field != id_field)]
    lines = parsed = agree = 0
    malformed = b""
    times: Counter[str] = Counter()
    with_fields = Counter(dict.fromkeys(fields, 0))
    for line in filter(bytes.strip, io.BytesIO(raw)):  # one at a time: a trail of 64 MiB would be half a gigabyte of parsed entries
        lines += 1
        entry = _entry(line)
        if entry is None:
            malformed = malformed or line
            continue
        parsed += 1
        id = entry.get(id_field)
        if not isinstance(id, str) or id not in sent:
            continue
        times[id] += 1
        if times[id] == 1:
            with_fields.update(field for field in fields if entry.get(field) is not None)
            agree += _agrees(entry, sent[id])
    return AuditEvidence(
        exists=True, lines=lines, parsed=parsed, predictions_sent=len(sent), predictions_found=len(times), duplicates=times.total() - len(times),
        with_fields=dict(with_fields), scores_agree=agree, malformed_sample=one_line(malformed.rstrip(b"\n"), 200),
    )  # fmt: skip


def _entry(line: bytes) -> Entry | None:
    if len(line) > MAX_LINE:
        return None
    try:
        value = strict_json(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _agrees(entry: Entry, answer: Answer) -> bool:
    score, version = answer
    told = entry.get("score")
    close = isinstance(told, int | float) and not isinstance(told, bool) and abs(told - score) <= SCORE_TOLERANCE
    return close and str(entry.get("model_version")) == version
