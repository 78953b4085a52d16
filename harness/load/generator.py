"""The load generator as the harness sees it: one long-lived child process, pinned, killable, told what to send by plans."""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import harness
from grader.schema.causes import Trouble
from harness.load.plan import Plan
from harness.load.trace import COUNTERS, Trace

READY_S = 30.0
START_S = 20.0
GRACE_S = 10.0
STOP_S = 2.0
REALTIME = 1
"""Real-time priority: the generator must leave on time whatever else its core does. A niced process is not enough: a busy neighbour
still keeps the core for its slice of about 3 ms. The generator uses a fraction of the core, and the kernel keeps 5 % for others."""


INHERITED = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""Of our environment. The process that reads most of what a candidate says has none of the operator's secrets."""


class LoadGenerator:
    """Context manager around the engine's process. Entering returns at once; the first `start` waits until the engine is up.

    `cores` are the only ones the child may run on; `realtime` False leaves the way to a generator whose moments matter more. Raises
    Trouble("internal_error") when the child breaks.
    """

    def __init__(self, cores: Sequence[int] = (), folder: Path | None = None, realtime: bool = True) -> None:
        self._cores, self._realtime = set(cores), realtime
        self._parent_folder = folder
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self._plans = 0
        self._ready = False
        self.peak_mib = 0.0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-load-", dir=self._parent_folder)))
            # Memory and no file: a write to a mapped page of a file waits for the file system's journal while other work syncs.
            counters = stack.enter_context(open(os.memfd_create("grader-load-counters"), "r+b", buffering=0))  # noqa: PTH123
            counters.truncate(COUNTERS.size)
            self._counters = mmap.mmap(counters.fileno(), COUNTERS.size)
            stack.callback(self._counters.close)
            self._errors = stack.enter_context((self.folder / "stderr").open("w+b"))
            self._process = self._spawn(counters.fileno())
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def pin(self, cores: Sequence[int]) -> None:
        """Move the child to other cores, all of its threads."""
        for thread in Path(f"/proc/{self._process.pid}/task").glob("*"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), set(cores))

    def start(self, plan: Plan) -> Running:
        """Begin a plan; returns as soon as its first moment is fixed. One plan at a time."""
        if not self._ready:
            self._expect("ready", READY_S)
            self._ready = True
        self._plans += 1
        plan_path, tape_path = self.folder / f"plan-{self._plans}.json", self.folder / f"tape-{self._plans}"
        plan.write(plan_path)
        self._tell(op="run", plan=str(plan_path), tape=str(tape_path))
        started = self._expect("started", START_S)
        plan_path.unlink()
        return Running(self, plan, float(started["t0"]), tape_path)

    @property
    def pid(self) -> int:
        """Of the child that sends."""
        return self._process.pid

    def counters(self) -> tuple[int, int, int, int, int, int]:
        """(sent, ended, dropped, late, distinct model versions, valid answers of further hosts) of the current plan, live."""
        sent, ended, dropped, late, versions, elsewhere = COUNTERS.unpack_from(self._counters, 0)
        return sent, ended, dropped, late, versions, elsewhere

    def _spawn(self, counters: int) -> subprocess.Popen[bytes]:
        root = str(Path(harness.__file__).resolve().parent.parent)
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.load.engine", str(counters)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=environment, cwd=self.folder, bufsize=0, start_new_session=True,
            pass_fds=[counters],
        )  # fmt: skip
        with contextlib.suppress(ProcessLookupError):  # a child that died at once is reported by the first `start`
            if self._cores:
                os.sched_setaffinity(process.pid, self._cores)
            with contextlib.suppress(PermissionError):  # only root may; without it a busy host voids more windows, that is all
                if self._realtime:
                    os.sched_setscheduler(process.pid, os.SCHED_RR, os.sched_param(REALTIME))
        return process

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tell(self, **command: object) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
        except BrokenPipeError:
            raise self._broken("ended") from None

    def _expect(self, name: str, seconds: float) -> dict[str, Any]:
        """The next event, which must be called `name`."""
        deadline = monotonic() + seconds
        while not self._events:
            self._read(deadline, name)
        event = self._events.pop(0)
        self.peak_mib = max(self.peak_mib, float(event.get("peak_mib", 0.0)))
        if event["event"] != name:
            if event.get("errno") in (errno.ENOSPC, errno.EDQUOT):
                raise Trouble("disk_full", event["detail"])
            raise self._broken(event.get("detail", f"said {event['event']} instead of {name}"))
        return event

    def _read(self, deadline: float, name: str) -> None:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - monotonic()))
        data = os.read(self._process.stdout.fileno(), 65536) if readable else None
        if data is None:
            raise self._broken(f"gave no sign of {name!r} in time")
        if not data:
            raise self._broken("ended")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self._events.extend(json.loads(line) for line in lines)

    def _broken(self, what: str) -> Trouble:
        tail = (self.folder / "stderr").read_text(errors="replace")[-400:].strip()
        return Trouble("internal_error", f"the load generator {what}. {tail}".strip())


class Running:
    """A plan under way. `t0` is the CLOCK_MONOTONIC second of its offset 0."""

    def __init__(self, generator: LoadGenerator, plan: Plan, t0: float, tape: Path) -> None:
        self.plan, self.t0 = plan, t0
        self._generator = generator
        self._tape = tape
        self._trace: Trace | None = None
        length = max(plan.seconds, plan.arrivals_s[-1] if plan.arrivals_s else 0.0)
        self._deadline = t0 + length + plan.timeout_s + GRACE_S

    def progress(self) -> int:
        """Requests sent so far."""
        return self._generator.counters()[0]

    def in_flight(self) -> int:
        """Requests sent and not yet ended."""
        sent, ended, *_ = self._generator.counters()
        return sent - ended

    def late(self) -> int:
        """Requests that have ended over the plan's SLO, or without a valid prediction."""
        return self._generator.counters()[3]

    def versions(self) -> int:
        """Distinct model versions in the answers so far."""
        return self._generator.counters()[4]

    def elsewhere(self) -> int:
        """Valid predictions so far from another host than the plan's first."""
        return self._generator.counters()[5]

    def switch(self, host: str) -> float:
        """Send what comes from now on to another of the plan's hosts; returns when it was asked for (CLOCK_MONOTONIC).

        What is in flight ends where it is; warm connections to the old host are not used again.
        """
        self._generator._tell(op="switch", target=self.plan.hosts.index(host))
        return monotonic()

    def stop(self) -> Trace:
        """End now: later arrivals are not part of the trace, nor is what was in flight."""
        if self._trace is None:
            self._generator._tell(op="stop")
        return self.wait()

    def finish(self) -> Trace:
        """Send no more, but let what is in flight end or time out: nothing of an outage at the end is lost."""
        if self._trace is None:
            self._generator._tell(op="finish")
        return self.wait()

    def wait(self) -> Trace:
        """The finished trace. Blocks until the last request ended or timed out."""
        if self._trace is None:
            done = self._generator._expect("done", max(GRACE_S, self._deadline - monotonic()))
            self._trace = Trace.load(self._tape, self.plan, done)
            self._tape.unlink()
        return self._trace
