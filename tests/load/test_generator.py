"""The engine against real sockets: it tells the truth about a stall, counts everything, and never hangs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.schema.causes import Trouble
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.outcomes import Outcome
from harness.load.plan import Fields, Plan
from harness.load.trace import Trace, quantile

from .servers import Handler, always, answer, prediction, read_request, serving, stalling

QUICK = schedule.constant(100, 0.2)
FIELDS = Fields("transaction_id", "score", "degraded", "model_version")


def plan(port: int, offsets: list[float], *, timeout_s: float = 0.5, host: str = "127.0.0.1", cap: int = 0) -> Plan:
    ids = [f"t-{i}" for i in range(len(offsets))]
    bodies = [json.dumps({"transaction_id": name}).encode() for name in ids]
    return Plan(host, port, "/predict", offsets, bodies, ids, timeout_s=timeout_s, fields=FIELDS, max_connections=cap)


def run(generator: LoadGenerator, handle: Handler, offsets: list[float] | None = None, **options: float) -> Trace:
    with serving(handle) as port:
        return generator.start(plan(port, offsets or QUICK, **options)).wait()  # type: ignore[arg-type]


def test_a_stall_is_reported_as_long_as_users_had_to_wait(generator: LoadGenerator) -> None:
    anchor, offsets = time.monotonic() + 1.0, schedule.poisson(100, 8, 11)
    with stalling(anchor, 3.0, 4.0) as port:
        trace = generator.start(plan(port, offsets, timeout_s=3.0)).wait()
    assert trace.counts() == {"ok": len(offsets)}
    stalled = (trace.intended >= anchor + 3.0) & (trace.intended < anchor + 4.0)
    truth = np.sort(np.where(stalled, anchor + 4.0 - trace.intended, 0.0) + 0.005)
    told = trace.latency_s()
    for q in (0.95, 0.98, 0.99):
        assert quantile(told, q) == pytest.approx(quantile(truth, q), rel=0.02)
    assert quantile(told, 0.5) == pytest.approx(0.005, rel=0.2)
    assert trace.over(0.1) / len(trace) == pytest.approx(np.count_nonzero(truth > 0.1) / len(truth), rel=0.03)


def test_every_scheduled_request_is_either_sent_or_dropped_and_never_delayed(generator: LoadGenerator) -> None:
    def slow(body: bytes) -> bytes:
        time.sleep(0.2)
        return answer(prediction(body))

    trace = run(generator, always(slow), schedule.constant(100, 1), timeout_s=1.0, cap=5)
    assert len(trace) == 100
    assert trace.dropped + trace.counts()["ok"] == 100
    assert 60 <= trace.dropped <= 90
    assert quantile(np.sort(trace.lag_s), 0.9) < 0.02


def test_answers_keep_their_score_version_and_degraded_flag(generator: LoadGenerator) -> None:
    trace = run(generator, always(lambda body: answer(prediction(body, score=0.75, model_version="2.1", degraded=True))))
    assert trace.counts() == {"degraded": 20}
    assert set(trace.score.tolist()) == {0.75}
    assert [trace.versions[i] for i in set(trace.version.tolist())] == ["2.1"]
    assert trace.degraded.all()
    assert trace.ids[:2] == ["t-0", "t-1"]


def chunked(body: bytes) -> bytes:
    document = prediction(body)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(document), document)


REPLIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "chunked": (chunked, "ok"),
    "error": (lambda body: answer(b"{}", "500 Oops"), "error"),
    "shed": (lambda body: answer(b"", "503 Busy"), "shed"),
    "too many": (lambda body: answer(b"", "429 Slow down"), "shed"),
    "rejected": (lambda body: answer(b"{}", "422 No"), "rejected"),
    "redirect": (lambda body: answer(b"", "302 Found", "Location: http://127.0.0.1:1/"), "error"),
    "empty object": (lambda body: answer(b"{}"), "contract"),
    "foreign id": (lambda body: answer(prediction(b'{"transaction_id": "another"}')), "contract"),
    "score out of range": (lambda body: answer(prediction(body, score=1.5)), "contract"),
    "score true": (lambda body: answer(prediction(body, score=True)), "contract"),
    "score NaN": (lambda body: answer(prediction(body, score=float("nan"))), "contract"),
    "degraded text": (lambda body: answer(prediction(body, degraded="no")), "contract"),
    "deep nesting": (lambda body: answer(b"[" * 20000), "contract"),
    "no http": (lambda body: b"what?\r\n\r\n", "error"),
    "too large": (lambda body: answer(b"x" * 200_000), "contract"),
    "too large a refusal": (lambda body: answer(b"x" * 200_000, "503 Busy"), "shed"),
}


@pytest.mark.parametrize("name", REPLIES)
def test_each_kind_of_answer_is_counted_as_what_it_is(generator: LoadGenerator, name: str) -> None:
    reply, outcome = REPLIES[name]
    assert run(generator, always(reply)).counts() == {outcome: 20}


def reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_an_answer(connection: socket.socket) -> None:
    body = read_request(connection) or b""
    connection.sendall(answer(prediction(body))[:-4])


def for_ever(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def one_each(connection: socket.socket) -> None:
    connection.sendall(answer(prediction(read_request(connection) or b"")))


HANDLERS: dict[str, tuple[Handler, str]] = {
    "resets": (reset, "reset"),
    "closes half-way": (half_an_answer, "eof"),
    "closes without a word": (lambda connection: None, "eof"),
    "never answers": (lambda connection: time.sleep(1.0), "timeout"),
    "drips for ever": (for_ever, "timeout"),
    "floods": (flood, "contract"),
    "closes after every answer without saying so": (one_each, "ok"),
}


@pytest.mark.parametrize("name", HANDLERS)
def test_a_misbehaving_server_is_counted_and_never_holds_us(generator: LoadGenerator, name: str) -> None:
    handle, outcome = HANDLERS[name]
    begin = time.monotonic()
    counts = run(generator, handle).counts()
    assert sum(counts.values()) == 20
    if name == "closes without a word":  # with the request unread, the kernel turns the close into a reset
        assert set(counts) <= {"eof", "reset"}
    else:
        assert counts == {outcome: 20}
    assert time.monotonic() - begin < 2.5


def test_a_request_cut_off_in_flight_on_a_reused_connection_is_not_sent_again(generator: LoadGenerator) -> None:
    def second_one_dies(connection: socket.socket) -> None:
        connection.sendall(answer(prediction(read_request(connection) or b"")))
        read_request(connection)
        time.sleep(0.02)

    trace = run(generator, second_one_dies)
    assert trace.counts() == {"ok": 10, "eof": 10}
    assert trace.retries.sum() == 0


def test_a_refusal_that_comes_late_is_not_shed_at_once(generator: LoadGenerator) -> None:
    def waits(body: bytes) -> bytes:
        time.sleep(1.2)
        return answer(b"", "503 Busy")

    assert run(generator, always(waits), schedule.constant(20, 0.5), timeout_s=2.0).counts() == {"shed_late": 10}


def test_a_closed_port_is_refused(generator: LoadGenerator) -> None:
    with serving(lambda connection: None) as port:
        pass
    assert generator.start(plan(port, QUICK)).wait().counts() == {"refused": 20}


def test_a_host_that_swallows_connections_is_a_timeout(generator: LoadGenerator) -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # fill the queue of connections that nobody accepts, so that the kernel drops further ones
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        counts = generator.start(plan(listener.getsockname()[1], QUICK)).wait().counts()
    assert counts == {"timeout": 20}


def test_progress_is_live_and_stop_is_quick(generator: LoadGenerator) -> None:
    with serving(always(lambda body: answer(prediction(body)))) as port:
        running = generator.start(plan(port, schedule.constant(100, 30)))
        deadline = time.monotonic() + 5
        while running.progress() < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        begin = time.monotonic()
        trace = running.stop()
    assert time.monotonic() - begin < 0.5
    assert 20 <= len(trace) < 200
    assert not trace.has(Outcome.CANCELLED).any()


def test_requests_in_flight_at_a_stop_are_no_failures(generator: LoadGenerator) -> None:
    with serving(lambda connection: time.sleep(1.0)) as port:
        running = generator.start(plan(port, schedule.constant(100, 30), timeout_s=20.0))
        time.sleep(0.3)
        assert running.in_flight() >= 10
        assert len(running.stop()) == 0


def test_the_engine_stays_small(generator: LoadGenerator) -> None:
    assert 0 < generator.peak_mib < 200


def test_a_dead_engine_is_the_graders_trouble() -> None:
    with LoadGenerator() as generator, serving(always(lambda body: answer(prediction(body)))) as port:
        running = generator.start(plan(port, schedule.constant(100, 5)))
        os.kill(generator._process.pid, signal.SIGKILL)
        with pytest.raises(Trouble, match="load generator ended"):
            running.wait()


def test_the_engine_ends_with_its_parent() -> None:
    script = (
        "import time; from harness.load.generator import LoadGenerator\n"
        "with LoadGenerator() as generator: print(generator._process.pid, flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_answer_in_endless_pieces_is_given_up(generator: LoadGenerator) -> None:
    """A service that drips fast would keep the generator too busy to leave on time, and void its own windows."""

    def pieces(connection: socket.socket) -> None:
        while (body := read_request(connection)) is not None:
            for byte in answer(prediction(body)):
                connection.sendall(bytes([byte]))
                time.sleep(0.0005)

    counts = run(generator, pieces).counts()
    assert counts == {"error": 20}


def test_a_closed_burst_keeps_its_callers_busy_and_counts_what_was_answered(generator: LoadGenerator) -> None:
    def slow(body: bytes) -> bytes:
        time.sleep(0.02)
        return answer(prediction(body))

    with serving(always(slow)) as port:
        plan = Plan("127.0.0.1", port, "/predict", [0.0] * 4000, [b'{"transaction_id": "t"}'], ["t"], fields=FIELDS, callers=4, seconds=1.0)
        running = generator.start(plan)
        time.sleep(0.5)
        in_flight = running.in_flight()
        trace = running.wait()
    assert in_flight in (3, 4), "each caller has one request in flight, but for the moment between two"
    assert set(trace.counts()) == {"ok"}, "what was in flight at the end is no outcome"
    assert 120 <= len(trace) <= 200
    assert float(trace.lag_s.max()) < 0.05, "a caller sends when it is answered: there is no schedule to be late for"


def test_a_burst_that_runs_out_of_requests_ends_early_and_one_that_is_refused_ends(generator: LoadGenerator) -> None:
    with serving(always(lambda body: answer(prediction(body)))) as port:
        plan = Plan("127.0.0.1", port, "/predict", [0.0] * 50, [b'{"transaction_id": "t"}'], ["t"], fields=FIELDS, callers=8, seconds=0.3)
        assert generator.start(plan).wait().counts() == {"ok": 50}
    refused = generator.start(replace(plan, port=port)).wait()
    assert refused.counts() == {"refused": 50}


def test_after_a_switch_new_requests_go_to_the_other_host_and_none_fails(generator: LoadGenerator) -> None:
    def named(connection: socket.socket) -> None:
        """Answers as the host that it was reached under, whose first answer is slow enough to be in flight at the switch."""
        version = connection.getsockname()[0]
        while (body := read_request(connection)) is not None:
            time.sleep(0.1)
            connection.sendall(answer(prediction(body, model_version=version)))

    offsets = schedule.constant(200, 1.0)
    with serving(named, "0.0.0.0") as port:
        running = generator.start(replace(plan(port, offsets), also=["127.0.0.2"]))
        time.sleep(max(0.0, running.t0 + 0.5 - time.monotonic()))  # the middle of the plan
        asked = running.switch("127.0.0.2")
        trace = running.wait()
    assert trace.counts() == {"ok": len(offsets)}
    said = np.array([trace.versions[i] for i in trace.version])
    assert set(said[trace.target == 0]) == {"127.0.0.1"} and set(said[trace.target == 1]) == {"127.0.0.2"}
    assert not trace.target[trace.sent < asked].any(), "what was sent before the switch ends where it was sent"
    assert trace.target[trace.sent > asked + 0.05].all()
    assert np.diff(trace.target).sum() == 1 == trace.target[-1], "one switch"
