"""What is written down about answers of a fallback is looked for after the last dependency fault, and goes into what was read before."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from math import nan
from typing import cast

import numpy as np
import pytest

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from grader.schema.evidence import AuditEvidence, LogsEvidence
from harness.load.outcomes import Outcome
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.telemetry import audit
from harness.telemetry.fallbacks import Fallbacks

FAULTS = ("pause", "dependency_slow", "dependency_errors", "malformed_input")
OUTCOMES = [Outcome.OK, Outcome.DEGRADED, Outcome.DEGRADED, Outcome.TIMEOUT]


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="module")
def rows(challenge: LoadedChallenge) -> dict[str, list[Row]]:
    """Of each fault, for personal values that nobody else has."""

    def named(fault: str) -> list[Row]:
        drawn = challenge.simulator().stream(len(OUTCOMES), seed=len(fault))
        own = ({"transaction_id": f"{fault}-{i}", "cardholder_name": f"Zeno {fault} {i}"} for i in range(len(drawn)))
        return [replace(row, request=row.request | mine) for row, mine in zip(drawn, own, strict=True)]

    return {fault: named(fault) for fault in FAULTS}


def trace(ids: list[str], outcomes: list[Outcome] = OUTCOMES) -> Trace:
    """Answers of just now."""
    n = len(outcomes)
    outcome = np.array([int(o) for o in outcomes], dtype=np.int64)
    valid, sent = outcome <= 1, time.monotonic() - 1 + 0.01 * np.arange(n)
    zeros = np.zeros(n, dtype=np.int64)
    return Trace(
        t0=float(sent[0]), intended=sent, sent=sent, received=np.where(valid, sent + 0.01, nan), done=sent + 0.01, score=np.where(valid, 0.25, nan),
        status=np.where(valid, 200, 0), outcome=outcome, degraded=outcome == 1, retries=zeros, target=zeros, version=zeros, index=np.arange(n),
        versions=["1"], ids=ids, cpu_s=0.0, end=float(sent[-1]),
    )  # fmt: skip


@dataclass
class Container:
    """Stands in for a candidate: a trail on its volume, and a log."""

    entries: list[dict[str, object]] = field(default_factory=list)
    log: bytes = b""

    def read_file(self, path: str, max_bytes: int) -> bytes | None:
        return "".join(json.dumps(entry) + "\n" for entry in self.entries).encode() if path.endswith("audit.jsonl") else None

    def logs(self, max_bytes: int) -> bytes:
        return self.log


def entry(id: str, **more: object) -> dict[str, object]:
    return {"transaction_id": id, "time": time.time(), "model_version": "1", "input_digest": id, "score": 0.25, "degraded": True} | more


QUIET = audit.examine(b"{}\n", {})
LOGS = LogsEvidence(
    lines=9, bytes=900, json_lines=9, with_request_id=9, with_model_version=9, canaries_sent=5, canaries_found=0, sample=[]
)  # fmt: skip


def looked(
    container: Container, challenge: LoadedChallenge, rows: dict[str, list[Row]], last: str = "dependency_errors"
) -> tuple[AuditEvidence, LogsEvidence]:
    fallbacks = Fallbacks(FAULTS)
    for fault in FAULTS:
        fallbacks.witness(fault, trace([str(row.request["transaction_id"]) for row in rows[fault]]))
        if fault == last:
            fallbacks.after(fault, cast(Candidate, container), challenge, rows.__getitem__)
    return fallbacks.into_audit(QUIET), fallbacks.into_logs(LOGS)


def test_degraded_answers_of_all_dependency_faults_are_looked_for(challenge: LoadedChallenge, rows: dict[str, list[Row]]) -> None:
    written = [entry(f"dependency_{fault}-{i}") for fault in ("slow", "errors") for i in range(3)]
    trail, log = looked(Container(written, b"all is well\n"), challenge, rows)
    assert (trail.fallbacks_sent, trail.fallbacks_found, trail.fallbacks_agree) == (4, 4, 4)
    assert (log.canaries_sent, log.canaries_found) == (5 + 4, 0)


def test_a_missing_entry_a_denied_fallback_and_a_logged_name_are_seen(challenge: LoadedChallenge, rows: dict[str, list[Row]]) -> None:
    written = [entry("dependency_slow-1", degraded=False), entry("dependency_errors-1")]
    trail, log = looked(Container(written, b'{"payment": {"cardholder_name": "Zeno dependency_slow 2"}}\n'), challenge, rows)
    assert (trail.fallbacks_sent, trail.fallbacks_found, trail.fallbacks_agree) == (4, 2, 1)
    assert log.canaries_found == 1


def test_names_of_requests_that_got_no_fallback_are_not_counted(challenge: LoadedChallenge, rows: dict[str, list[Row]]) -> None:
    _, log = looked(Container([], b"Zeno dependency_slow 0, Zeno pause 1\n"), challenge, rows)
    assert log.canaries_found == 0


def test_a_name_in_the_trail_is_a_leak_too(challenge: LoadedChallenge, rows: dict[str, list[Row]]) -> None:
    before = QUIET.model_copy(update={"canaries_found": 0})
    fallbacks = Fallbacks(["dependency_slow"])
    fallbacks.witness("dependency_slow", trace([str(row.request["transaction_id"]) for row in rows["dependency_slow"]]))
    named = Container([entry("dependency_slow-1", who="Zeno dependency_slow 1"), entry("dependency_slow-2")])
    fallbacks.after("dependency_slow", cast(Candidate, named), challenge, rows.__getitem__)
    assert fallbacks.into_audit(before).canaries_found == 1
    assert fallbacks.into_audit(QUIET).canaries_found is None, "the trail was not read for them before"


def test_nothing_is_looked_for_before_the_last_of_them(challenge: LoadedChallenge, rows: dict[str, list[Row]]) -> None:
    trail, log = looked(Container([]), challenge, rows, last="dependency_slow")
    assert trail == QUIET and trail.fallbacks_sent is None and log == LOGS


def test_a_request_that_was_sent_twice_says_nothing_of_its_answer() -> None:
    """Its entry in the trail may be that of the other answer."""
    twice = trace(["a", "b", "a", "c"], [Outcome.OK, Outcome.DEGRADED, Outcome.DEGRADED, Outcome.DEGRADED])
    assert set(audit.fallbacks(twice)) == {"b", "c"}
    assert set(audit.fallbacks(twice, trace(["b", "d"], [Outcome.TIMEOUT, Outcome.DEGRADED]))) == {"c", "d"}
