"""Facts about the container's log: can a request be followed in it, and does it leak what it must not hold?

Nothing in a log is read as a verdict: lines are counted, known strings are looked for, and a few lines are kept for people.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np

from grader.schema.evidence import ErrorLines, LogsEvidence
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.telemetry import personal
from harness.telemetry.error_lines import MAX_JSON_LINE, count, documents, has_level
from harness.text import one_line

MAX_BYTES = 8 << 20
MAX_LINES = 50_000
SAMPLE_LINES = 12
_TOKEN = re.compile(rb"[A-Za-z0-9_.:\-]+")


def read(candidate: Candidate, canaries: Collection[str], ids: Collection[str], versions: Collection[str] = ()) -> LogsEvidence:
    """The log's facts. `canaries`: personal values of requests that were sent; `ids`: request ids; `versions`: model versions seen.

    Lines beyond `MAX_LINES` are left out from the front: the ids are those of the most recent requests.
    """
    return examine(candidate.logs(MAX_BYTES), canaries, ids, versions)


def errors(candidate: Candidate, since: float, wrong_requests: int) -> ErrorLines:
    """Lines that speak of something wrong from a moment on (Unix seconds), by whether they say why. Reads a stopped container too."""
    return count([line for line in candidate.logs(MAX_BYTES, since).splitlines() if line.strip()], wrong_requests)


def answered(*traces: Trace) -> set[str]:
    """Ids of all requests that got an answer, right or wrong: a log can be followed where the contract is not kept."""
    return {trace.ids[row] for trace in traces for row in np.flatnonzero(np.isfinite(trace.received)).tolist()}


def examine(raw: bytes, canaries: Collection[str], ids: Collection[str], versions: Collection[str] = ()) -> LogsEvidence:
    lines = [line for line in raw.splitlines() if line.strip()][-MAX_LINES:]
    entries, traces = documents(lines)
    wanted = {id.encode() for id in ids}
    named = [version.encode() for version in versions if version]
    sent = personal.telling(canaries)
    return LogsEvidence(
        lines=len(lines),
        bytes=len(raw),
        json_lines=len(entries),
        with_request_id=sum(not wanted.isdisjoint(_TOKEN.findall(line[:MAX_JSON_LINE])) for line in lines),
        with_model_version=sum(any(version in line for version in named) for line in lines),
        canaries_sent=len(sent),
        canaries_found=personal.standing(raw, sent),
        sample=[one_line(line, 300) for line in _spread(lines, SAMPLE_LINES)],
        with_level=sum(map(has_level, entries)),
        trace_lines=traces,
    )


def _spread(lines: Sequence[bytes], count: int) -> list[bytes]:
    """First lines (how it started) and last ones (how it runs)."""
    return list(lines) if len(lines) <= count else [*lines[: count // 2], *lines[-(count - count // 2) :]]
