from __future__ import annotations

import time

import numpy as np
import pytest

from harness.load.outcomes import Outcome
from harness.load.trace import Trace
from harness.telemetry.error_lines import count
from harness.telemetry.logs import MAX_BYTES, answered, examine
from harness.telemetry.personal import MAX_VERIFIED


def test_json_lines_ids_and_versions_are_counted_by_line() -> None:
    raw = b'{"transaction_id": "t-1", "model_version": "v7"}\nplain line about t-2\n\n{"broken\n{"transaction_id": "t-11"}\n'
    logs = examine(raw, canaries=[], ids=["t-1", "t-2"], versions=["v7"])
    assert (logs.lines, logs.json_lines, logs.with_request_id, logs.with_model_version) == (4, 2, 2, 1)
    assert logs.bytes == len(raw)


def test_a_log_is_followed_by_every_request_that_was_answered_however_wrong_the_answer_was() -> None:
    outcomes = np.array([Outcome.OK, Outcome.CONTRACT, Outcome.SHED, Outcome.TIMEOUT, Outcome.DROPPED])
    came, nothing, zeros = np.array([1.0, 1.1, 1.2, np.nan, np.nan]), np.full(5, np.nan), np.zeros(5, dtype=np.int64)
    trace = Trace(
        t0=0.0, intended=zeros.astype(float), sent=nothing, received=came, done=came, score=nothing, status=zeros, outcome=outcomes,
        degraded=zeros == 1, retries=zeros, target=zeros, version=zeros, index=np.arange(5), versions=["1"],
        ids=["ok", "wrong", "shed", "late", "unsent"], cpu_s=0.0, end=2.0,
    )  # fmt: skip
    assert answered(trace) == {"ok", "wrong", "shed"}


def test_personal_values_are_found_however_they_are_spelt() -> None:
    raw = '{"name": "Jos\\u00e9 Prado"} ANNA SCHMIDT "Zoë Meier" b\\xe9la kov\xe1cs There is Not'.encode()
    logs = examine(raw, canaries=["José Prado", "Anna Schmidt", "Zoë Meier", "Béla Kovács", "Not There", ""], ids=[])
    assert (logs.canaries_sent, logs.canaries_found) == (5, 4)


def test_one_leak_among_thousands_of_values_is_found() -> None:
    names = [f"Person Number{i}" for i in range(20_000)]
    raw = b"".join(b"request %d done\n" % i for i in range(20_000)) + b"refused: Person Number19999\n"
    logs = examine(raw, names, [])
    assert (logs.canaries_sent, logs.canaries_found) == (20_000, 1)


def test_an_empty_log_is_no_trouble() -> None:
    assert examine(b"", ["a b c d"], ["t"]).lines == 0


def test_hostile_lines_are_shown_stripped_and_a_flood_takes_bounded_time() -> None:
    line = b'{"a": ' + b"[" * 5000 + b"\n\x1b[2J\xe2\x80\xaegnol\n" + b"x" * 200_000 + b"\n"
    started = time.monotonic()
    logs = examine(line * (MAX_BYTES // len(line)), [f"Canary Name{i}" for i in range(2 * MAX_VERIFIED)], ["t-1"])
    assert time.monotonic() - started < 8
    assert logs.canaries_found == 0
    assert not any("\x1b" in shown or "\u202e" in shown or len(shown) > 300 for shown in logs.sample)


def test_a_stack_trace_between_json_lines_counts_as_no_json_and_as_one_error() -> None:
    trace = b'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    {"looks": "like json"}\n\nValueError: no such column\n'
    raw = b'{"level": "info", "message": "a"}\n' + trace + b'{"level": "info", "message": "b"}\n'
    logs = examine(raw, canaries=[], ids=[])
    assert (logs.lines, logs.json_lines, logs.trace_lines, logs.with_level) == (6, 2, 4, 2)
    assert count(raw.splitlines(), 20).model_dump() == {"wrong_requests": 20, "explained": 0, "bare": 0, "prose": 1}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"level": "warning", "message": "refused", "reason": "amount is no number"}', "explained"),
        ('{"severity": "ERROR", "msg": "failed", "exception": "Traceback ..."}', "explained"),
        ('{"level": "error", "event": "feature store did not respond in 50 ms"}', "explained"),
        ('{"level": 50, "msg": "failed", "err": {"type": "Error", "message": "ECONNREFUSED"}}', "explained"),
        ('{"level": "info", "path": "/predict", "status": 422, "detail": "amount: not a number"}', "explained"),
        ('{"level": "info", "message": "prediction", "degraded": true, "fallback_reason": "timeout"}', "explained"),
        ('{"level": "warning", "message": "POST /predict 422 Unprocessable Entity"}', "bare"),
        ('{"level": "error", "message": "internal server error", "error": ""}', "bare"),
        ('{"level": "error", "message": "request failed", "error": true, "trace_id": "4bf92f"}', "bare"),
        ('{"level": "info", "method": "POST", "status": 500}', "bare"),
        ("WARNING:fraud.service:request failed", "bare"),
        ("WARNING:fraud_service:request failed", "bare"),
        ("ERROR    [fraud.api.routes] request failed with status 422", "bare"),
        ("ERROR fraud.service.app - unexpected error", "bare"),
        ("WARNING:fraud.store:feature store did not respond in 50 ms", "prose"),
        ("ERROR:fraud.store:httpx.ConnectTimeout raised by features", "prose"),
        ('{"level": "error", "logger": "fraud.service", "message": "fraud.service: request failed"}', "bare"),
        ('{"level": "warning", "message": "refused", "detail": "Unprocessable Entity"}', "bare"),
        ('{"level": "error", "message": "failed", "error": "500 Internal Server Error"}', "bare"),
        ('{"level": "error", "message": "failed", "excerpt": "abc", "exchange": "card"}', "bare"),
        ('{"level": "warning", "message": "refused", "reason": "timeout"}', "explained"),
        ('{"level": "error", "message": "failed", "exc_info": "ValueError: amount"}', "explained"),
        ("ERROR: feature store unreachable after three attempts", "prose"),
        ("2026-01-01 10:00:00,123 WARNING amount missing in payload", "prose"),
        ("ERROR: request failed", "bare"),
        ('{"level": "info", "message": "prediction", "degraded": false, "fallback_reason": ""}', None),
        ('{"level": "info", "message": "prediction", "status": 200}', None),
        ('{"level": 30, "msg": "listening"}', None),
        ('INFO:     10.0.0.1:5 - "POST /predict HTTP/1.1" 422 Unprocessable Entity', None),
        ("started without errors", None),
    ],
)
def test_a_line_that_speaks_of_something_wrong_says_why_or_does_not(line: str, kind: str | None) -> None:
    found = count([line.encode()], 1).model_dump(exclude={"wrong_requests"})
    assert {name for name, number in found.items() if number} == ({kind} if kind else set())


def test_two_stretches_of_a_log_add_up() -> None:
    refused, faults = count([b"ERROR: request failed"], 20), count([b'{"level": "error", "reason": "store timed out"}'], 0)
    assert refused.plus(faults).model_dump() == {"wrong_requests": 20, "explained": 1, "bare": 1, "prose": 0}
