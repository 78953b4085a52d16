"""Watch a candidate come up: from `docker start` to the first valid prediction, and a look again to see that it stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from grader.schema.causes import CandidateTrouble
from grader.schema.challenge import Contract
from grader.schema.evidence import BootEvidence
from harness.client import Reply
from harness.sandbox.container import Candidate, ContainerState
from harness.text import clean_tail, one_line

POLL_S = 0.05
INSPECT_S = 0.25
PROBE_DEADLINE_S = 1.0
PREDICT_DEADLINE_S = 2.0
MAX_RESTARTS = 3
"""The restart policy is part of production; a service that has died this often before it served is in a crash loop."""
PREDICT_GRACE_S = 15.0
"""How long a service that calls itself ready may fail to predict before the watch ends without a prediction."""
SETTLE_S = 3.0
"""One real repository listened and died 2 s later; so we look again after this long."""
LOG_TAIL = 4000
EXIT_CODE_S = 3.0
MAX_PROCESSES = 64

Validate = Callable[[object], list[str]]


class HasRequest(Protocol):
    """A row of the simulator, as far as this module cares."""

    @property
    def request(self) -> Mapping[str, object]: ...


class StartFailed(CandidateTrouble):
    """start_exited, start_timeout, not_http or not_ready, with what was seen until then in `partial`."""


class _Watch:
    """What has been seen so far. Times are seconds since `begin`."""

    def __init__(self, candidate: Candidate, contract: Contract, rows: Sequence[HasRequest], validate: Validate, begin: float) -> None:
        self.candidate, self.contract, self.rows, self.validate = candidate, contract, rows, validate
        self.begin = begin
        self.first: dict[str, float] = {}
        self.serving = False
        self.status: dict[str, int | None] = {"health": None, "ready": None}
        self.errors: set[str] = set()
        self.ready_before_prediction = 0
        self.asked = 0
        self.state: ContainerState | None = None
        self.inspected = 0.0
        self.exit_code: int | None = None

    @property
    def now(self) -> float:
        return time.monotonic() - self.begin

    def poll(self) -> None:
        """Health, ready, and right after a ready a prediction."""
        if self._probe("health", self.contract.health).error in ("refused", "unreachable"):
            return
        ready = self._probe("ready", self.contract.ready)
        # A service without a readiness route (404, 405) is tried all the same, or a working one would count as never started.
        if ready.status == 200 or ready.status in (404, 405):
            self._predict(said_ready=ready.status == 200)

    def poll_unanswered(self) -> None:
        """Ask again what has not said 200: a service that began to listen between two questions of one poll answered only the later one."""
        for name, path in (("health", self.contract.health), ("ready", self.contract.ready)):
            if name not in self.first:
                self._probe(name, path)

    def _probe(self, name: str, path: str) -> Reply:
        reply = self.candidate.client.get(path, deadline_s=PROBE_DEADLINE_S, max_bytes=64 << 10)
        if reply.status is not None:
            self.status[name] = reply.status
        if reply.error is not None:
            self.errors.add(reply.error)
        if reply.ok:
            self.first.setdefault(name, self.now)
        return reply

    def _predict(self, *, said_ready: bool) -> None:
        row = self.rows[self.asked % len(self.rows)]
        self.asked += 1
        reply = self.candidate.client.post_json(self.contract.predict, dict(row.request), deadline_s=PREDICT_DEADLINE_S)
        answer = reply.json() if reply.ok else None
        if answer is not None and not self.validate(answer):
            self.first.setdefault("prediction", self.now)
            self.serving = True
        elif said_ready:
            self.ready_before_prediction += 1

    def inspect(self) -> ContainerState:
        """The container's state, asked of the engine at most every INSPECT_S."""
        if self.state is None or self.now - self.inspected >= INSPECT_S:
            self.state, self.inspected = self.candidate.state(), self.now
            if not self.state.running:  # the engine forgets it at the next start
                self.exit_code = self.state.exit_code
        return self.state

    def await_exit_code(self) -> None:
        """Wait for a crash loop's next death: the code can be read only while the container is down, and looks may all have missed that."""
        deadline = time.monotonic() + EXIT_CODE_S
        while self.exit_code is None and time.monotonic() < deadline:
            self.state = None
            self.inspect()
            time.sleep(0.02)  # pace of polling; the restart policy keeps it down for 100 ms and more

    def fresh(self) -> bool:
        """Whether the container was last looked at just now; if not, the next look will be."""
        if self.now - self.inspected < POLL_S:
            return True
        self.state = None
        return False

    def gave_up_predicting(self) -> bool:
        return "ready" in self.first and self.now - self.first["ready"] > PREDICT_GRACE_S

    def answered(self) -> bool:
        return any(status is not None for status in self.status.values())

    def evidence(self) -> BootEvidence:
        self.state = None
        state = self.inspect()
        processes = self.candidate.processes() if state.running else []
        return BootEvidence(
            port=self.candidate.port,
            listening_ports=self.candidate.listening_ports() if state.running else [],
            first_health_s=self.first.get("health"),
            first_ready_s=self.first.get("ready"),
            first_prediction_s=self.first.get("prediction"),
            ready_before_prediction=self.ready_before_prediction,
            health_status=self.status["health"],
            ready_status=self.status["ready"],
            uids=sorted({process.uid for process in processes}),
            processes=[one_line(process.command) for process in processes[:MAX_PROCESSES]],
            idle_memory_bytes=self.candidate.usage().memory_bytes if state.running else None,
            exit_code=self.exit_code,
            log_tail=clean_tail(self.candidate.logs(64 << 10), LOG_TAIL),
        )

    def failed(self, cause: str, detail: str) -> StartFailed:
        trouble = StartFailed(cause, detail)
        trouble.partial = self.evidence()
        return trouble


def watch(
    candidate: Candidate, contract: Contract, rows: Sequence[HasRequest], ready_timeout_s: float, validate: Validate, *,
    started_at: float | None = None, meanwhile: Callable[[], None] | None = None,
) -> BootEvidence:  # fmt: skip
    """Poll every 50 ms until a prediction is valid (`validate` returns no violations), then make sure that it stays up.

    `started_at` is the CLOCK_MONOTONIC time of `docker start`, the candidate's own by default. `meanwhile` runs once predictions are
    valid; its time counts towards the 3 s after which we look again, so that a caller can probe the contract instead of waiting.
    Returns with first_prediction_s None when the service calls itself ready for 15 s without one valid prediction.
    Raises StartFailed (start_exited, start_timeout, not_http, not_ready), which carries the evidence so far.
    """
    seen = _Watch(candidate, contract, rows, validate, candidate.started_at if started_at is None else started_at)
    _until_served(seen, ready_timeout_s)
    served = time.monotonic()
    if meanwhile is not None:
        meanwhile()
    _until_settled(seen, served, ready_timeout_s)
    evidence = seen.evidence()
    if candidate.port not in evidence.listening_ports and not candidate.client.get(contract.health).status:
        raise seen.failed("start_exited", f"listened on port {candidate.port} and no longer does after {SETTLE_S:g} s")
    return evidence


def _until_served(seen: _Watch, ready_timeout_s: float) -> None:
    while not seen.serving and not seen.gave_up_predicting():
        due = time.monotonic() + POLL_S
        _raise_if_exited(seen)
        seen.poll()
        if seen.now > ready_timeout_s and "ready" not in seen.first and not seen.serving:
            seen.state = None  # an exited container looks like a silent one from the network: ask before blaming the port
            _raise_if_exited(seen)
            raise _never_ready(seen, ready_timeout_s)
        time.sleep(max(0.0, due - time.monotonic()))


def _until_settled(seen: _Watch, served: float, ready_timeout_s: float) -> None:
    """Stay until it has served for SETTLE_S without dying. One that dies must serve again, until it has died too often."""
    deaths = seen.inspect().restart_count
    while True:
        state = _raise_if_exited(seen)
        if state.restart_count > deaths:
            deaths, seen.serving = state.restart_count, False
            _until_served(seen, ready_timeout_s)
            served = time.monotonic()
        seen.poll_unanswered()
        if time.monotonic() - served >= SETTLE_S and seen.fresh():
            return
        time.sleep(POLL_S)


def _raise_if_exited(seen: _Watch) -> ContainerState:
    state = seen.inspect()
    waiting = state.running or state.restarting
    if not waiting:
        raise seen.failed("start_exited", f"exit code {state.exit_code}" + (", out of memory" if state.oom_killed else ""))
    if state.restart_count >= MAX_RESTARTS:
        seen.await_exit_code()
        raise seen.failed("start_exited", f"died {state.restart_count} times, last exit code {seen.exit_code}")
    return state


def _never_ready(seen: _Watch, ready_timeout_s: float) -> StartFailed:
    if seen.answered():
        return seen.failed("not_ready", f"{seen.contract.ready} answered {seen.status['ready']} for {ready_timeout_s:g} s")
    if "not_http" in seen.errors:
        return seen.failed("not_http", f"port {seen.candidate.port} answers with something else than HTTP/1.1")
    ports = seen.candidate.listening_ports()
    others = f"it listens on {', '.join(map(str, ports))}" if ports else "nothing listens"
    return seen.failed("start_timeout", f"no answer on port {seen.candidate.port} for {ready_timeout_s:g} s; {others}")
