"""Too many requests for a few seconds, on top of the probe, which goes on and shows what the burst does to everybody else.

Facts
  most_rps       what it was seen to answer at most; 0: not known, then the burst is three times the production rate
  burst_rps, burst_planned, burst_sent
  burst_ok       valid predictions; burst_shed: 429 or 503 at once; burst_lost: everything else (late, timed out, broken)
  probe_lost     of the probe's own requests during the burst
  restarts
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from time import monotonic

import numpy as np

from harness.faults.base import Fault, Proof, Seen, pause_until
from harness.load import schedule
from harness.load.generator import LoadGenerator, Running
from harness.load.outcomes import VALID, Outcome
from harness.load.plan import Plan
from harness.load.stress import beyond
from harness.load.supply import fields
from harness.load.trace import Trace

OVER = 1.5
OF_PRODUCTION = 3.0
MOST_RPS = 5000.0
"""What a generator sends in time beside the probe's on one core (benchmarks, part lag)."""

TIMEOUT_S = 2.0
SENT_SHARE = 0.9


class Overload(Fault):
    """A burst of one and a half times what it answers at most, from a generator of its own: the probe's schedule stays what it is."""

    def prepare(self, running: Running) -> None:
        self._restarts, self._stack = self.candidate.state().restart_count, ExitStack()
        self._burst: Running | None = None
        self._trace: Trace | None = None
        self._end = monotonic()
        most, production = self.scene.known.most_rps, self.scene.challenge.spec.reality.rate_rps
        self._rps = beyond(most, OVER, MOST_RPS) if most else min(MOST_RPS, OF_PRODUCTION * production)

    def inject(self) -> float:
        generator = self._stack.enter_context(LoadGenerator(self.scene.topology.cores.ours, realtime=False))  # the probe goes first
        self._burst = generator.start(self._plan())
        self._end = self._burst.t0 + self.timing.fault_s
        return self._burst.t0

    def hold(self) -> None:
        pause_until(self._end)

    def proof(self) -> Proof:
        planned, sent = (len(self._burst.plan.arrivals_s), self._burst.progress()) if self._burst else (0, 0)
        said = f"{sent} of {planned} requests of a burst of {self._rps:.0f}/s were sent beside the probe"
        return Proof(sent > 0 and sent >= SENT_SHARE * planned, said)

    def undo(self) -> float:
        if self._burst is not None and self._trace is None:
            self._trace = self._burst.finish()
        self._stack.close()
        return min(self._end, monotonic())

    def facts(self, seen: Seen) -> dict[str, float]:
        burst, probe = self._trace, seen.during()
        restarts = self.candidate.state().restart_count - self._restarts
        known = {"most_rps": self.scene.known.most_rps or 0.0, "burst_rps": self._rps, "restarts": restarts}
        if burst is None:
            return known
        ok, shed = burst.has(*VALID), burst.has(Outcome.SHED)
        return known | {
            "burst_planned": len(self._burst.plan.arrivals_s) if self._burst else 0,
            "burst_sent": len(burst) - burst.dropped,
            "burst_ok": int(np.count_nonzero(ok)),
            "burst_shed": int(np.count_nonzero(shed)),
            "burst_lost": int(np.count_nonzero(burst.was_sent & ~ok & ~shed)),
            "probe_lost": int(np.count_nonzero(~probe.has(*VALID, Outcome.SHED))),
        }

    def _plan(self) -> Plan:
        """From the last row backwards: the probe begins with the first."""
        contract, rows = self.scene.challenge.spec.contract, list(reversed(self.rows))
        return Plan(
            host=self.candidate.ip, port=self.candidate.port, path=contract.predict,
            arrivals_s=schedule.poisson(self._rps, self.timing.fault_s, self.scene.seeds.derive("fault:overload:burst")),
            bodies=[json.dumps(row.request).encode() for row in rows], ids=[str(row.request[contract.id_field]) for row in rows],
            timeout_s=TIMEOUT_S, slo_ms=self.scene.challenge.spec.reality.slo_p99_ms, fields=fields(contract),
        )  # fmt: skip
