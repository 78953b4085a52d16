"""The audit trail on the data volume, held against the answers that we received."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from challenges.loader import LoadedChallenge
from grader.schema.evidence import AuditEvidence
from harness.load.outcomes import Outcome
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

LATEST_S = 1e10
"""Unix seconds beyond which a number must be of a finer unit."""
NEAR_S = 60.0
"""An entry is written within seconds of its answer; a clock may be off by as much."""
ZONES_S, ZONE_STEP_S = 14 * 3600.0, 900.0
"""A time without a zone may be of any."""

Entry = dict[str, object]


class Answer(NamedTuple):
    """What a caller got: the score, the model version it named, whether it said degraded, and when it came (Unix seconds). None: not looked at."""

    score: float
    version: str
    degraded: bool | None = None
    at: float | None = None


def read(
    candidate: Candidate, challenge: LoadedChallenge, sent: Mapping[str, Answer], canaries: Collection[str] = (), deadline_s: float = DEADLINE_S
) -> AuditEvidence:
    """Hold the trail against `sent` (id -> answer). Waits for writers that buffer, up to the deadline.

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
    """id -> answer of every valid prediction in these traces: what the trail must hold."""
    return {trace.ids[row]: _answer(trace, row) for trace in traces for row in np.flatnonzero(trace.valid).tolist()}


def fallbacks(*traces: Trace) -> dict[str, Answer]:
    """id -> answer of those that said degraded, of requests that were sent once."""
    sent = Counter(id for trace in traces for id in trace.where(trace.was_sent).ids)
    degraded = ((trace, row) for trace in traces for row in np.flatnonzero(trace.has(Outcome.DEGRADED)).tolist())
    return {trace.ids[row]: _answer(trace, row) for trace, row in degraded if sent[trace.ids[row]] == 1}


def _answer(trace: Trace, row: int) -> Answer:
    version, ago = int(trace.version[row]), time.monotonic() - float(trace.received[row])
    named = trace.versions[version] if version >= 0 else ""
    return Answer(float(trace.score[row]), named, bool(trace.outcome[row] == Outcome.DEGRADED), time.time() - ago)


def examine(raw: bytes | None, sent: Mapping[str, Answer], id_field: str = "transaction_id") -> AuditEvidence:
    """Facts of one reading; `raw` is None when there is no file."""
    if raw is None:
        return AuditEvidence(
            exists=False, lines=0, parsed=0, predictions_sent=len(sent), predictions_found=0, duplicates=0, with_fields={}, scores_agree=0
        )
    fields = [id_field, *(field for field in FIELDS if field != id_field)]
    lines = parsed = agree = strange = 0
    digests: set[object] = set()
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
            strange += _strange_time(entry.get("time"), sent[id].at)
            digests.add(hash(str(entry.get("input_digest"))))
    return AuditEvidence(
        exists=True, lines=lines, parsed=parsed, predictions_sent=len(sent), predictions_found=len(times), duplicates=times.total() - len(times),
        with_fields=dict(with_fields), scores_agree=agree, malformed_sample=one_line(malformed.rstrip(b"\n"), 200),
        digests=len(digests), times_off=strange,
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
    told, flag = entry.get("score"), entry.get("degraded")
    close = isinstance(told, int | float) and not isinstance(told, bool) and abs(told - answer.score) <= SCORE_TOLERANCE
    untrue = isinstance(flag, bool) and answer.degraded is not None and flag != answer.degraded
    return close and str(entry.get("model_version")) == answer.version and not untrue


def _strange_time(value: object, at: float | None) -> bool:
    """Whether an entry's time is certainly not that of its answer. What cannot be read as a time is not."""
    if at is None or (moment := _moment(value)) is None:
        return False
    seconds, zoned = moment
    off = abs(seconds - at)
    if zoned or off > ZONES_S + NEAR_S:
        return off > NEAR_S
    return min(off % ZONE_STEP_S, ZONE_STEP_S - off % ZONE_STEP_S) > NEAR_S


def _moment(value: object) -> tuple[float, bool] | None:
    """Unix seconds, and whether the zone is known: ISO 8601, or a number of seconds, milli-, micro- or nanoseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), moment.tzinfo is not None
        scale = next(scale for scale in (1, 1e3, 1e6, 1e9) if value / scale < LATEST_S)
    except (ValueError, OverflowError, StopIteration):
        return None
    return value / scale, True
