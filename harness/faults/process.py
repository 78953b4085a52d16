"""Faults of the candidate's process: pause, SIGTERM under load, SIGKILL, CPU starvation.

Facts
  pause           pause_s
  sigterm_drain   in_flight_at_signal (sent before it, not yet ended), in_flight_lost (of those: no complete answer), signal_s (what the
                  engine took to deliver it), exit_s (-1: not within EXIT_S), exit_code (-1: unknown), ready_s (from the harness's start
                  to the first sustained good answers; -1: never)
  sigkill         restarts, ready_s (from the kill; -1: never)
  cpu_starvation  quota_cpus, needed_cpus (used in the steady state before), throttled_periods
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from time import monotonic

import numpy as np

from harness.faults import observe
from harness.faults.base import Fault, Proof, Seen, wait_for
from harness.load.generator import Running
from harness.load.outcomes import ANSWERED
from harness.load.trace import Trace

EXIT_S = 15.0
IN_FLIGHT = 8
IN_FLIGHT_WAIT_S = 1.5
HELD_BACK_S = 0.4
RESTART_S = 10.0
SUSTAINED_S = 0.5
SUSTAINED_SHARE = 0.95
SHARE_OF_NEED = 0.6
LEAST_CPUS, MOST_CPUS = 0.02, 0.25


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
        return {"pause_s": seen.undo_at - seen.inject_at}


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
        self._started_at = monotonic()
        if not self.candidate.state().running:
            self.candidate.start()
        return self._started_at

    def settle(self) -> None:
        _await_prediction(self, self.scene.challenge.spec.limits.ready_timeout_s)

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
        _await_prediction(self, self.scene.challenge.spec.limits.ready_timeout_s)

    def facts(self, seen: Seen) -> dict[str, float]:
        restarts = self.candidate.state().restart_count - self._restarts
        return {"restarts": restarts, "ready_s": ready_after(seen.trace, self._killed_at)}

    def _back(self) -> bool:
        now = self.candidate.state()
        return now.running and now.pid not in (0, self._pid)


class CpuStarvation(Fault):
    """Leave the container 60 % of the CPU time that it was seen to need: alike for thrifty and for hungry services."""

    def prepare(self, running: Running) -> None:
        first, since = self.candidate.usage(), monotonic()
        wait_for(lambda: monotonic() - since >= 1.0, since + 2.0)
        last = self.candidate.usage()
        self._needed = (last.cpu_s - first.cpu_s) / max(1e-6, last.at_monotonic - first.at_monotonic)
        self._quota = round(min(MOST_CPUS, max(LEAST_CPUS, SHARE_OF_NEED * self._needed)), 3)
        self._throttled_before = last.nr_throttled
        self._throttled = 0

    def inject(self) -> float:
        self.candidate.set_cpus(self._quota)
        return monotonic()

    def proof(self) -> Proof:
        limit = observe.cpu_limit(self.scene.topology, self.candidate.id)
        self._throttled = self.candidate.usage().nr_throttled - self._throttled_before
        active = self._throttled > 0 and limit <= self._quota * 1.01
        return Proof(active, f"quota of {limit:.3f} CPUs in force, {self._throttled} throttled periods")

    def undo(self) -> float:
        self.candidate.set_cpus(self.scene.challenge.spec.limits.cpus)
        return monotonic()

    def facts(self, seen: Seen) -> dict[str, float]:
        return {"quota_cpus": self._quota, "needed_cpus": round(self._needed, 4), "throttled_periods": self._throttled}


def _await_prediction(fault: Fault, seconds: float) -> None:
    """Until the service predicts again, or the time that the challenge gives a start is over (the trace then says -1)."""
    attempt: Callable[[], bool] = lambda: fault.scene.predicts(fault.rows[0]) is not None  # noqa: E731
    wait_for(attempt, monotonic() + min(seconds, 25.0), 0.1)
