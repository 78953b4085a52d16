"""Faults of the candidate's processes: pause, SIGTERM under load and at rest, SIGKILL of the main one and of a worker.

Facts
  pause           pause_s, restarts (of the container, since the freeze)
  sigterm_drain   in_flight_at_signal (sent before it, not yet ended), in_flight_lost (of those: no complete answer), signal_s (what the
                  engine took to deliver it), exit_s (-1: not within EXIT_S), exit_code (-1: unknown), ready_s (from the harness's start
                  to the first sustained good answers; -1: never)
  pid1_signals    exit_s (from `docker stop` to the exit), exit_code (137: it had to be killed), ready_s (as above)
  sigkill         restarts, ready_s (from the kill; -1: never)
  worker_kill     workers (alike, of which one was killed; 0: there are none), helpers (where there are none: further processes beside a main
                  one that serves by itself, of which one was killed; 0: nothing to kill), respawn_s (until there is a new one; -1: not within
                  RESPAWN_S), restarts (of the container)
"""

from __future__ import annotations

import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import monotonic

import numpy as np

from harness.faults import observe
from harness.faults.base import Fault, Proof, Seen, wait_for
from harness.load.generator import Running
from harness.load.outcomes import ANSWERED
from harness.load.trace import Trace
from harness.sandbox.container import Candidate
from harness.sandbox.helper import Process
from harness.text import one_line

EXIT_S = 15.0
IN_FLIGHT = 4
"""More would race a sound service: at 100 requests/s and a deadline of 70 ms for the store there are seven, until its breaker opens."""
IN_FLIGHT_WAIT_S = 1.5
HELD_BACK_S = 0.4
GRACE_S = 10.0
RESTART_S = 10.0
RESPAWN_S = 8.0
COMMAND_CHARS = 80
RUNTIME = re.compile(r"resource_tracker|semaphore_tracker|forkserver|<defunct>")
"""Processes that a language's runtime keeps for itself, and starts again when it next needs them."""
SUSTAINED_S = 0.5
SUSTAINED_SHARE = 0.95


def start_again(candidate: Candidate) -> float:
    """No policy restarts what was told to stop: the harness does, as an orchestrator would. Returns when it was asked to."""
    at = monotonic()
    if not candidate.state().running:
        candidate.start()
    return at


def ready_after(trace: Trace, since: float) -> float:
    """Seconds from `since` to the first good answer's moment from which at least 95 % stay good for half a second; -1 if never."""
    later = trace.where(trace.intended >= since)
    good = later.valid
    for i in np.flatnonzero(good).tolist():
        hold = (later.intended >= later.intended[i]) & (later.intended < later.intended[i] + SUSTAINED_S)
        whole = later.intended[-1] >= later.intended[i] + SUSTAINED_S / 2
        if whole and float(np.mean(good[hold])) >= SUSTAINED_SHARE:
            return max(0.0, float(later.received[i]) - since)
    return -1.0


class Pause(Fault):
    """Freeze every process of the container (cgroup freezer)."""

    def prepare(self, running: Running) -> None:
        self._restarts = self.candidate.state().restart_count

    def inject(self) -> float:
        self.candidate.pause()
        return monotonic()

    def proof(self) -> Proof:
        paused = self.candidate.state().paused
        return Proof(paused, "the engine reports the container as paused" if paused else "the engine does not report the container as paused")

    def undo(self) -> float:
        if self.candidate.state().paused:
            self.candidate.unpause()
        return monotonic()

    def facts(self, seen: Seen) -> dict[str, float]:
        return {"pause_s": seen.undo_at - seen.inject_at, "restarts": self.candidate.state().restart_count - self._restarts}


class SigtermDrain(Fault):
    """SIGTERM while requests are in flight; the feature store is held back for a moment so that there are some."""

    def prepare(self, running: Running) -> None:
        self._exit_s, self._exit_code = -1.0, -1
        self._running = running
        self._sent_at = self._started_at = self._signalled = 0.0
        self._since = time.time()
        self.scene.topology.feature_store.set_mode("slow", delay_s=HELD_BACK_S)
        wait_for(lambda: running.in_flight() >= IN_FLIGHT, monotonic() + IN_FLIGHT_WAIT_S, 0.001)

    def inject(self) -> float:
        self._sent_at = monotonic()
        self.candidate.signal("SIGTERM")
        self._signalled = monotonic()
        return self._sent_at

    def hold(self) -> None:
        self.scene.topology.feature_store.set_mode("ok")  # what is held stays held; what comes now need not wait
        if wait_for(lambda: not self.candidate.state().running, monotonic() + EXIT_S):
            self._exit_s = monotonic() - self._sent_at
            self._exit_code = self.candidate.state().exit_code

    def proof(self) -> Proof:
        sent = observe.signals_sent(self.scene.topology, self.candidate.id, self._since)
        done = signal.SIGTERM in sent
        return Proof(done, "the engine's event log shows SIGTERM delivered" if done else "the engine's event log shows no SIGTERM")

    def undo(self) -> float:
        self.scene.topology.feature_store.set_mode("ok")
        if self._signalled and self.candidate.state().running:
            self.candidate.stop(1)
        self._started_at = start_again(self.candidate)
        return self._started_at

    def settle(self) -> None:
        await_prediction(self, self.scene.challenge.spec.limits.ready_timeout_s)

    def facts(self, seen: Seen) -> dict[str, float]:
        trace = seen.trace
        # From before the engine was asked: what is sent while the signal is on its way may rightly be refused.
        held = trace.where((trace.sent < self._sent_at) & (trace.done > self._sent_at))
        return {
            "in_flight_at_signal": len(held),
            "in_flight_lost": int(np.count_nonzero(~held.has(*ANSWERED))),
            "signal_s": self._signalled - self._sent_at,
            "exit_s": self._exit_s,
            "exit_code": self._exit_code,
            "ready_s": ready_after(trace, self._started_at),
        }


class Pid1Signals(Fault):
    """`docker stop` with the usual grace at little traffic: a shell as PID 1 passes no SIGTERM on, and the engine has to kill."""

    def prepare(self, running: Running) -> None:
        self._exit_s, self._exit_code, self._started_at = -1.0, -1, 0.0
        self._since = time.time()

    def inject(self) -> float:
        at = monotonic()
        self.candidate.stop(GRACE_S)  # returns at the exit
        self._exit_s, self._exit_code = monotonic() - at, self.candidate.state().exit_code
        return at

    def hold(self) -> None:
        """The injection lasts as long as it takes."""

    def proof(self) -> Proof:
        told = signal.SIGTERM in observe.signals_sent(self.scene.topology, self.candidate.id, self._since)
        down = not self.candidate.state().running
        said = f"the engine's event log shows {'SIGTERM' if told else 'no SIGTERM'}, the container {'is down' if down else 'runs'}"
        return Proof(told and down, said)

    def undo(self) -> float:
        self._started_at = start_again(self.candidate)
        return self._started_at

    def settle(self) -> None:
        await_prediction(self, self.scene.challenge.spec.limits.ready_timeout_s)

    def facts(self, seen: Seen) -> dict[str, float]:
        return {"exit_s": self._exit_s, "exit_code": self._exit_code, "ready_s": ready_after(seen.trace, self._started_at)}


class Sigkill(Fault):
    """Kill the main process from the host, as the kernel's OOM killer would; the restart policy brings it back."""

    def prepare(self, running: Running) -> None:
        before = self.candidate.state()
        self._restarts, self._pid, self._killed_at = before.restart_count, before.pid, 0.0
        self._came_back = False

    def inject(self) -> float:
        self._killed_at = self.candidate.kill_process()
        return self._killed_at

    def hold(self) -> None:
        self._came_back = wait_for(self._back, monotonic() + RESTART_S)

    def proof(self) -> Proof:
        now = self.candidate.state()
        gone = now.pid != self._pid
        return Proof(gone, f"main process {'gone' if gone else 'still there'}, {now.restart_count - self._restarts} restarts by the engine")

    def undo(self) -> float:
        if self._killed_at and not self.candidate.state().running:
            self.candidate.start()
        return self._killed_at or monotonic()

    def settle(self) -> None:
        await_prediction(self, self.scene.challenge.spec.limits.ready_timeout_s)

    def facts(self, seen: Seen) -> dict[str, float]:
        restarts = self.candidate.state().restart_count - self._restarts
        return {"restarts": restarts, "ready_s": ready_after(seen.trace, self._killed_at)}

    def _back(self) -> bool:
        now = self.candidate.state()
        return now.running and now.pid not in (0, self._pid)


class WorkerKill(Fault):
    """Kill one of several alike worker processes from the host, or, where there are none, a helper of the one that serves.

    Nothing is done, and that is said, where there is one process only.
    """

    def begin(self) -> None:
        self._early = self.candidate.processes()

    def prepare(self, running: Running) -> None:
        state, processes = self.candidate.state(), self.candidate.processes()
        self._restarts, self._killed_at, self._respawn_s = state.restart_count, 0.0, -1.0
        self._known, self._workers = {process.pid for process in processes}, workers(processes, state.pid)
        self._helpers = [] if self._workers else helpers(self._early, processes, state.pid)

    @property
    def _chosen(self) -> Process | None:
        return next(iter((*self._workers[-1:], *self._helpers)), None)

    def inject(self) -> float:
        if self._chosen is not None:
            self._killed_at = self.candidate.kill_process(self._chosen.pid)
        return self._killed_at or monotonic()

    def hold(self) -> None:
        if self._killed_at and wait_for(self._respawned, self._killed_at + RESPAWN_S):
            self._respawn_s = monotonic() - self._killed_at
        super().hold()

    def proof(self) -> Proof:
        if self._chosen is None:
            return Proof(False, "one process: there is no worker and no helper to kill")
        gone = self._chosen.pid not in {process.pid for process in self.candidate.processes()}
        back = "never came" if self._respawn_s < 0 else f"came after {self._respawn_s:.1f} s"
        which = f"one of {len(self._workers)} workers" if self._workers else f"a helper ({one_line(self._chosen.command, COMMAND_CHARS)})"
        return Proof(gone, f"{which} {'gone' if gone else 'still there'}; a new one {back}")

    def facts(self, seen: Seen) -> dict[str, float]:
        restarts = self.candidate.state().restart_count - self._restarts
        return {"workers": len(self._workers), "helpers": len(self._helpers), "respawn_s": self._respawn_s, "restarts": restarts}

    def _respawned(self) -> bool:
        assert self._chosen is not None
        kind = _kind(self._chosen)
        return any(process.pid not in self._known and _kind(process) == kind for process in self.candidate.processes())


def workers(processes: Sequence[Process], main: int) -> list[Process]:
    """The largest group of siblings that run the same command, by pid; empty without at least two alike. `main` is the container's PID 1."""
    groups: dict[tuple[int, str], list[Process]] = defaultdict(list)
    for process in processes:
        if process.pid != main:
            groups[process.parent, _kind(process)].append(process)
    largest = max(groups.values(), key=len, default=[])
    return sorted(largest, key=lambda process: process.pid) if len(largest) > 1 else []


def helpers(early: Sequence[Process], now: Sequence[Process], main: int) -> list[Process]:
    """Children of a main process that answers the requests itself: it used the most CPU between two looks under load. By pid.

    Where another process did, the main one is an init, a shell or a supervisor, and what is killed may be the service.
    """
    before = {process.pid: process.cpu_s for process in early}
    used = {process.pid: process.cpu_s - before[process.pid] for process in now if process.pid in before}
    if used.get(main, 0.0) <= 0 or max(used, key=lambda pid: used[pid]) != main:
        return []
    children = (process for process in now if process.pid in used and process.parent == main and not RUNTIME.search(process.command))
    return sorted(children, key=lambda process: process.pid)


def _kind(process: Process) -> str:
    """The command without its numbers: spawned workers differ in a pipe's descriptor, or count themselves."""
    return re.sub(r"[0-9]+", "#", process.command)


def await_prediction(fault: Fault, seconds: float) -> None:
    """Until the service predicts again, or the time that the challenge gives a start is over (the trace then says -1)."""
    attempt: Callable[[], bool] = lambda: fault.scene.predicts(fault.rows[0]) is not None  # noqa: E731
    wait_for(attempt, monotonic() + min(seconds, 25.0), 0.1)
