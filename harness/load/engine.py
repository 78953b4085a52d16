"""The load engine's child process: Locust is the runner, one dispatcher User walks plans open-loop.

Talks to its parent in lines: JSON commands on stdin (`run`, `switch`, `finish`, `stop`), JSON events on stdout (`ready`, `started`, `done`,
`failed`).
Ends when stdin ends, so it never outlives its parent. (PR_SET_PDEATHSIG would not do: it fires when the parent *thread* that
forked us ends.) gevent's monkey patching, done by importing locust, stays in here.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import resource
import sys
from pathlib import Path
from time import monotonic
from typing import Any

from locust import User, task
from locust.env import Environment
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV

# isort: split
import csv

import gevent
from gevent.queue import Queue
from gevent.socket import wait_read

from harness.load.clock import Alarm
from harness.load.lanes import Pool
from harness.load.outcomes import VALID, Outcome
from harness.load.plan import Plan
from harness.load.tape import COUNTERS, Tape

LEAD_S = 0.05
STOP_CHECK_S = 0.1
FAILURES = {outcome: RuntimeError(outcome.label) for outcome in Outcome if outcome not in VALID}


class Dispatcher(User):
    """The one Locust user: takes a plan, walks it, takes the next."""

    plans: Queue = Queue()
    engine: Engine

    @task
    def walk(self) -> None:
        self.engine.perform(*self.plans.get())


class Engine:
    """Walks plans one at a time and tells the parent."""

    def __init__(self, counters: mmap.mmap) -> None:
        self._counters = counters
        self._finishing = self._stopping = False
        self._burst_end = 0.0
        self._pool: Pool | None = None
        self._alarm = Alarm(gevent.get_hub())
        self.environment: Any = Environment(user_classes=[Dispatcher])  # Any: locust's events are untyped
        self._sent = self._ended = self._dropped = self._late = self._versions = self._elsewhere = 0

    def serve(self) -> None:
        """Until stdin ends."""
        Dispatcher.engine = self
        runner = self.environment.create_local_runner()
        runner.start(1, 1)
        say(event="ready", peak_mib=peak_mib())
        for command in commands():
            if command["op"] == "run":
                self._stopping = self._finishing = False
                Dispatcher.plans.put((Path(command["plan"]), Path(command["tape"])))
            elif command["op"] == "switch":
                if self._pool is not None:
                    self._pool.target = command["target"]
            else:
                self._finishing = True
                self._stopping = command["op"] == "stop"

    def perform(self, plan_path: Path, tape_path: Path) -> None:
        try:
            self._perform(Plan.read(plan_path), tape_path)
        except Exception as error:  # noqa: BLE001 - every defect must reach the parent, which raises it as its own trouble
            say(event="failed", detail=f"{type(error).__name__}: {error}", errno=getattr(error, "errno", None))

    def _perform(self, plan: Plan, tape_path: Path) -> None:
        self.environment.stats.clear_all()
        self._sent = self._ended = self._dropped = self._late = self._versions = self._elsewhere = 0
        self._count()
        gc.collect()
        gc.freeze()
        gc.disable()
        cpu = _cpu_s()
        try:
            t0 = monotonic() + LEAD_S
            tape = Tape(t0, plan.arrivals_s)
            pool = self._pool = Pool(plan, tape, lambda i: self._note(plan, tape, pool, i))
            say(event="started", t0=t0)
            reached = self._burst(pool, tape, plan) if plan.callers else self._walk(pool, tape)
            self._drain(pool, monotonic() + (0.0 if plan.callers else plan.timeout_s + 1.0))
            pool.close()
        finally:
            gc.enable()
            gc.unfreeze()
        tape.write(tape_path)
        self._write_csv(tape_path.with_suffix(".csv"))
        say(event="done", t0=t0, reached=reached, versions=list(tape.versions), cpu_s=_cpu_s() - cpu, end=monotonic(), peak_mib=peak_mib())

    def _walk(self, pool: Pool, tape: Tape) -> int:
        """Start every request at its moment; returns how many arrivals were reached."""
        for i, moment in enumerate(tape.intended):
            while moment - monotonic() > 2 * STOP_CHECK_S and not self._finishing:
                self._alarm.until(monotonic() + STOP_CHECK_S)
            if not self._finishing:
                self._alarm.until(moment)
            if self._finishing:
                return i
            if pool.defect is not None:
                raise pool.defect
            lane = pool.take()
            if lane is None:
                self._drop(tape, i)
                continue
            lane.begin(i)
            self._sent += 1
            self._count()
        return len(tape.intended)

    def _burst(self, pool: Pool, tape: Tape, plan: Plan) -> int:
        """Keep `callers` requests in flight until the time is over; returns how many were sent."""
        self._alarm.until(tape.t0)
        self._burst_end = tape.t0 + plan.seconds
        for _ in range(min(plan.callers, len(tape.intended))):
            self._send_now(pool, tape)
        while (now := monotonic()) < self._burst_end and not self._finishing and pool.defect is None:
            self._alarm.until(min(now + STOP_CHECK_S, self._burst_end))
        self._burst_end = 0.0
        return self._sent

    def _send_now(self, pool: Pool, tape: Tape) -> None:
        lane = pool.take()
        if lane is not None and self._sent < len(tape.intended):
            tape.intended[self._sent] = monotonic()
            lane.begin(self._sent)
            self._sent += 1
            self._count()

    def _drop(self, tape: Tape, i: int) -> None:
        tape.outcome[i] = Outcome.DROPPED
        self._dropped += 1
        self._count()

    def _drain(self, pool: Pool, deadline: float) -> None:
        while pool.in_flight and not self._stopping and monotonic() < deadline:
            gevent.sleep(0.005)
        if pool.defect is not None:
            raise pool.defect

    def _note(self, plan: Plan, tape: Tape, pool: Pool, i: int) -> None:
        """One request ended: count it, and let Locust's own statistics hear of it (from intended, in ms)."""
        outcome = Outcome(tape.outcome[i])
        received = tape.received[i]
        end = received if received == received else tape.done[i]
        self._ended += 1
        self._versions = len(tape.versions)
        self._elsewhere += outcome in VALID and tape.target[i] > 0
        self._late += outcome not in VALID or (end - tape.intended[i]) * 1e3 > plan.slo_ms
        self._count()
        if plan.callers and monotonic() < self._burst_end and not self._finishing:
            self._send_now(pool, tape)
        self.environment.events.request.fire(
            request_type=plan.method, name=plan.path, response_time=(end - tape.intended[i]) * 1e3, response_length=0,
            exception=FAILURES.get(outcome), context={}, response=None, start_time=tape.intended[i], url=None,
        )  # fmt: skip

    def _write_csv(self, path: Path) -> None:
        with path.open("w", newline="") as file:
            StatsCSV(self.environment, PERCENTILES_TO_REPORT).requests_csv(csv.writer(file))

    def _count(self) -> None:
        COUNTERS.pack_into(self._counters, 0, self._sent, self._ended, self._dropped, self._late, self._versions, self._elsewhere)


def commands() -> Any:
    """JSON lines from stdin, waiting in gevent's loop."""
    buffer = b""
    while True:
        wait_read(0)
        data = os.read(0, 65536)
        if not data:
            return
        *lines, buffer = (buffer + data).split(b"\n")
        yield from (json.loads(line) for line in lines if line)


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def peak_mib() -> float:
    """VmHWM, not ru_maxrss: a child's starts at what its parent held when it forked, and the parent may be large."""
    high = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(high.split()[1]) / 1024


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(counters_fd: int) -> None:
    gevent.setswitchinterval(0.0001)  # the default of 5 ms lets callbacks starve the socket poll
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with mmap.mmap(counters_fd, COUNTERS.size) as counters:
        Engine(counters).serve()
    os._exit(0)  # in-flight work is worthless without a parent, and joining greenlets would only delay the end


if __name__ == "__main__":
    main(int(sys.argv[1]))
