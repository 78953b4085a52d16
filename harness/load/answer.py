"""Is this answer a valid prediction? Judged by the contract's field names, on bytes that the engine itself read."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from harness.load.outcomes import Outcome
from harness.load.plan import Fields
from harness.strict_json import strict_json

SHED = (429, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    score: float = nan
    degraded: bool = False
    version: str | None = None


def judge(status: int, body: bytes, fields: Fields | None, expected_id: str) -> Answer:
    """Sort one complete HTTP answer into an outcome and keep what a valid prediction says."""
    if status in SHED:
        return Answer(Outcome.SHED)
    if 400 <= status < 500:
        return Answer(Outcome.REJECTED)
    if not 200 <= status < 300:
        return Answer(Outcome.ERROR)
    if fields is None:
        return Answer(Outcome.OK)
    return _prediction(body, fields, expected_id) if status == 200 else Answer(Outcome.CONTRACT)


def _prediction(body: bytes, fields: Fields, expected_id: str) -> Answer:
    try:
        document = strict_json(body)
    except ValueError:
        return Answer(Outcome.CONTRACT)
    if not isinstance(document, dict) or document.get(fields.id) != expected_id:
        return Answer(Outcome.CONTRACT)
    score, degraded, version = document.get(fields.score), document.get(fields.degraded, False), document.get(fields.version)
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1 or not isinstance(degraded, bool):
        return Answer(Outcome.CONTRACT)
    known = version if isinstance(version, str) and len(version) <= 128 else None
    return Answer(Outcome.DEGRADED if degraded else Outcome.OK, float(score), degraded, known)
