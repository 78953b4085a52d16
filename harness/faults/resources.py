"""Faults of what the candidate lives on: CPU time, memory, room in /tmp.

Facts
  cpu_starvation   quota_cpus, needed_cpus (used in the steady state before), throttled_periods
  memory_pressure  limit_mib (in force under the fault), before_mib and peak_mib (in use, /data included, page cache not), bodies and
                   bytes_sent (large requests whose connection was accepted; who refuses early receives less), refused (of them: answered
                   4xx), oom_kills (notices of the engine, at least one per kill), restarts (of the container), ready_s (from the first
                   kill, without one from the undo, to the first sustained good answers; -1: never)
  tmp_full         restarts
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, get_native_id
from time import monotonic

from harness.client import Reply
from harness.faults import malformed, observe
from harness.faults.base import Fault, Proof, Seen, pause_until, wait_for
from harness.faults.expected import JSON
from harness.faults.process import await_prediction, ready_after
from harness.load.generator import Running

MIB = 1 << 20

SHARE_OF_NEED = 0.6
LEAST_CPUS, MOST_CPUS = 0.02, 0.25

HEADROOM_MIB = 48
"""Ten times what a sound service's use moves by from second to second, and less than half of what the large bodies weigh together."""

LARGE_BODIES, ROUNDS, ROUND_S = 16, 2, 1.5
BODY_DEADLINE_S = 3.0
SENDER_NICENESS = 15


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


class MemoryPressure(Fault):
    """Little memory to spare, and large bodies on many connections at once: who reads them whole pays for each."""

    def prepare(self, running: Running) -> None:
        self._restarts, self._since = self.candidate.state().restart_count, time.time()
        self._before = self._peak = self._used()
        self._limit = min(self.scene.challenge.spec.limits.memory_mib, round(self._before / MIB) + HEADROOM_MIB)
        self._body = malformed.oversize(self.scene.challenge.request_schema, self.rows[0].request)
        self._replies: list[Reply] = []
        self._over, self._begun, self._first_kill = Event(), 0, 0.0
        self._senders = ThreadPoolExecutor(LARGE_BODIES, "large-body", initializer=_step_back)

    def inject(self) -> float:
        at = monotonic()
        self.candidate.set_memory(self._limit)
        for _ in range(LARGE_BODIES):
            self._senders.submit(self._send, at)
        return at

    def hold(self) -> None:
        """Until all is sent or the first kill: a start under the reduced limit would be another fault."""
        if wait_for(self._killed, monotonic() + self.timing.fault_s):
            self._first_kill = monotonic()

    def proof(self) -> Proof:
        wait_for(lambda: self._accepted() > 0 or not self._begun, monotonic() + BODY_DEADLINE_S)
        limit, sent = observe.memory_limit_mib(self.scene.topology, self.candidate.id), self._accepted() * len(self._body) / MIB
        active = limit == self._limit and sent > 0
        return Proof(active, f"limit of {limit:.0f} MiB in force with {self._before / MIB:.0f} MiB in use, {sent:.0f} MiB of bodies sent")

    def undo(self) -> float:
        self._over.set()
        self.candidate.set_memory(self.scene.challenge.spec.limits.memory_mib)
        self._senders.shutdown(wait=False, cancel_futures=True)
        return monotonic()

    def settle(self) -> None:
        self._senders.shutdown(wait=True)
        await_prediction(self, self.scene.challenge.spec.limits.ready_timeout_s)

    def facts(self, seen: Seen) -> dict[str, float]:
        return {
            "limit_mib": self._limit,
            "before_mib": round(self._before / MIB, 1),
            "peak_mib": round(self._peak / MIB, 1),
            "bodies": self._accepted(),
            "bytes_sent": self._accepted() * len(self._body),
            "refused": sum(reply.status is not None and 400 <= reply.status < 500 for reply in self._replies),
            "oom_kills": self._kills(),
            "restarts": self.candidate.state().restart_count - self._restarts,
            "ready_s": ready_after(seen.trace, self._first_kill or seen.undo_at),
        }

    def _send(self, begin: float) -> None:
        """One connection's share: a body per round, none once the pressure is over."""
        path, headers = self.scene.challenge.spec.contract.predict, {"Content-Type": JSON}
        for number in range(ROUNDS):
            pause_until(begin + number * ROUND_S)
            if self._over.is_set():
                return
            self._begun += 1
            client = self.candidate.client
            self._replies.append(client.request("POST", path, body=self._body, headers=headers, deadline_s=BODY_DEADLINE_S, max_bytes=MIB))

    def _accepted(self) -> int:
        return sum(reply.error not in ("refused", "unreachable") for reply in self._replies)

    def _used(self) -> int:
        """Bytes that no reclaim gives back: what `usage` counts, and /data."""
        return self.candidate.usage().memory_bytes + self.scene.topology.helper.volume_bytes()

    def _kills(self) -> int:
        return observe.oom_kills(self.scene.topology, self.candidate.id, self._since)

    def _killed(self) -> bool:
        self._peak = max(self._peak, self._used())
        now = self.candidate.state()
        return not now.running or now.restart_count > self._restarts or self._kills() > 0


def _step_back() -> None:
    """Megabytes on many threads must not make the probe late that shares their core."""
    os.setpriority(os.PRIO_PROCESS, get_native_id(), SENDER_NICENESS)


class TmpFull(Fault):
    """Take the last byte of /tmp from outside. The file ends with the container's /tmp at the latest."""

    def prepare(self, running: Running) -> None:
        self._restarts, self._file, self._was_full = self.candidate.state().restart_count, "", False

    def inject(self) -> float:
        at = monotonic()
        self._file = self.candidate.fill_tmp(self.scene.challenge.spec.limits.tmp_mib)
        return at

    def hold(self) -> None:
        self._was_full = self.candidate.tmp_is_full()  # now: a service that dies of it is started again with an empty one
        super().hold()

    def proof(self) -> Proof:
        return Proof(self._was_full, f"one more byte in /tmp {'was refused: no space left' if self._was_full else 'found room'}")

    def undo(self) -> float:
        if self._file:
            self.candidate.free_tmp(self._file)
        return monotonic()

    def facts(self, seen: Seen) -> dict[str, float]:
        return {"restarts": self.candidate.state().restart_count - self._restarts}
