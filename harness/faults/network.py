"""Faults of the network around the candidate: cut, lossy, narrow.

Facts
  network_cut    cut_s
  packet_loss    sent_5, ok_5 and sent_20, ok_20 (requests and valid predictions at 5 and at 20 % loss each way), dropped_5, dropped_20 (packets),
                 outgoing_before, outgoing_after (connections that the service keeps open to others), close_wait_before, close_wait_after
                 (that its other side has closed and it has not); `after` is read when all is over
  bandwidth_cap  need_kbit, cap_kbit (what the feature store sent per second before, and could send under the fault), delayed (packets that
                 the cap held back), hits_before, hits (requests that the store got), n_degraded, n_plain_ok (valid answers, flagged or not)
"""

from __future__ import annotations

import json
import re
from time import monotonic

import numpy as np

from harness.faults import observe
from harness.faults.base import Fault, Proof, Seen, pause_until
from harness.load.generator import Running
from harness.load.outcomes import Outcome
from harness.sandbox.sidecar import FeatureStore

PROBE_S = 0.5

LIGHT, HEAVY = 5, 20
"""Percent of the packets lost in each direction."""

SHARE_OF_NEED = 0.3
LEAST_KBIT = 16
BURST_BYTES = 1600
QUEUE_MS = 2000

DEVICE = "$(ip -o link | sed -n 's/^[0-9]*: \\(eth[0-9]*\\)[@:].*/\\1/p' | head -n 1)"
"""In a script: the container's interface, which gets another name with each return to its network."""


class NetworkCut(Fault):
    """Take the container off its network and put it back under the same address."""

    def inject(self) -> float:
        at = monotonic()
        self.candidate.disconnect()
        return at

    def proof(self) -> Proof:
        connected = observe.connected(self.scene.topology, self.candidate.id)
        reply = self.candidate.client.get(self.scene.challenge.spec.contract.health, deadline_s=PROBE_S)
        cut = not connected and reply.error is not None
        return Proof(cut, f"the container is on {'a' if connected else 'no'} network; a request to it ended with {reply.error or reply.status}")

    def undo(self) -> float:
        if not observe.connected(self.scene.topology, self.candidate.id):
            self.candidate.reconnect()
        return monotonic()

    def facts(self, seen: Seen) -> dict[str, float]:
        return {"cut_s": seen.undo_at - seen.inject_at}


NO_LOSS = "iptables -w 5 -F; iptables -w 5 -X"
COUNTERS = "iptables -w 5 -nvxL"


def loss(percent: int) -> str:
    """Script: lose that share of the packets of every interface but loopback, in each direction.

    Not by interface name: a network cut before has given it another one. What is dropped on its way out the kernel sends again after the
    time that it would wait for a lost packet's acknowledgement, so both directions cost the same.
    """
    drop = f"-m statistic --mode random --probability {percent / 100:g} -j DROP"
    return f"{NO_LOSS}; iptables -w 5 -A INPUT ! -i lo {drop}; iptables -w 5 -A OUTPUT ! -o lo {drop}"


class PacketLoss(Fault):
    """Drop 5 %, then 20 % of the packets in the container's network namespace, with which the rules vanish at the latest."""

    def prepare(self, running: Running) -> None:
        self._before, self._restarts = self.candidate.connections(), self.candidate.state().restart_count
        self._dropped, self._heavy_at = {LIGHT: 0, HEAVY: 0}, 0.0

    def inject(self) -> float:
        self.candidate.in_network(loss(LIGHT))
        return monotonic()

    def hold(self) -> None:
        half = self.timing.fault_s / 2
        pause_until(monotonic() + half)
        self._dropped[LIGHT] = self._count()
        if not self._dropped[LIGHT]:
            return
        self.candidate.in_network(loss(HEAVY))
        self._heavy_at = monotonic()
        pause_until(self._heavy_at + half)

    def proof(self) -> Proof:
        now = self.candidate.state()
        self._dropped[HEAVY] = self._count() if self._heavy_at and now.running else 0
        said = f"{self._dropped[LIGHT]} packets dropped at {LIGHT} % loss, {self._dropped[HEAVY]} at {HEAVY} %"
        if self._heavy_at and (now.restart_count > self._restarts or not now.running):
            return Proof(True, f"{said}; the service ended meanwhile, and the counters with it")
        return Proof(min(self._dropped.values()) > 0, said)

    def undo(self) -> float:
        if self.candidate.state().running:
            self.candidate.in_network(NO_LOSS)
        return monotonic()

    def facts(self, seen: Seen) -> dict[str, float]:
        middle, after = self._heavy_at or seen.undo_at, self.candidate.connections()
        light, heavy = seen.trace.between(seen.inject_at, middle), seen.trace.between(middle, seen.undo_at)
        return {
            "sent_5": len(light), "ok_5": int(np.count_nonzero(light.valid)), "dropped_5": self._dropped[LIGHT],
            "sent_20": len(heavy), "ok_20": int(np.count_nonzero(heavy.valid)), "dropped_20": self._dropped[HEAVY],
            "outgoing_before": self._before.outgoing, "outgoing_after": after.outgoing,
            "close_wait_before": self._before.close_wait, "close_wait_after": after.close_wait,
        }  # fmt: skip

    def _count(self) -> int:
        """Packets that the rules in force have dropped."""
        return sum(int(found) for found in re.findall(r"^ *([0-9]+) .* DROP .* statistic ", self.candidate.in_network(COUNTERS), re.MULTILINE))


class BandwidthCap(Fault):
    """Let the feature store send 30 % of what it needs to. Capping the service's own answers would leave no service anything to do right."""

    def begin(self) -> None:
        self._hits_at_begin, self._sent_at_begin, self._begun = self._store.hits("ok"), self._sent(), monotonic()

    def prepare(self, running: Running) -> None:
        self._need = (self._sent() - self._sent_at_begin) * 8 / 1000 / (monotonic() - self._begun)
        self._cap = max(LEAST_KBIT, round(SHARE_OF_NEED * self._need))
        self._hits_before = self._store.hits("ok")
        self._hits = self._delayed = 0

    def inject(self) -> float:
        self._tell(f"tc qdisc replace dev {DEVICE} root tbf rate {self._cap}kbit burst {BURST_BYTES} latency {QUEUE_MS}ms")
        return monotonic()

    def proof(self) -> Proof:
        self._hits = self._store.hits("ok") - self._hits_before
        found = [qdisc for qdisc in json.loads(self._tell(f"tc -s -j qdisc show dev {DEVICE}")) if qdisc["kind"] == "tbf"]
        self._delayed = sum(qdisc["overlimits"] for qdisc in found)
        said = f"a cap of {self._cap} kbit/s" if found else "no cap"
        return Proof(self._delayed > 0, f"{said} where {self._need:.0f} kbit/s were needed; it held back {self._delayed} packets")

    def undo(self) -> float:
        self._tell(f"tc qdisc del dev {DEVICE} root 2>/dev/null || true")
        return monotonic()

    def facts(self, seen: Seen) -> dict[str, float]:
        during = seen.during()
        return {
            "need_kbit": round(self._need, 1), "cap_kbit": self._cap, "delayed": self._delayed,
            "hits_before": self._hits_before - self._hits_at_begin, "hits": self._hits,
            "n_degraded": int(np.count_nonzero(during.has(Outcome.DEGRADED))), "n_plain_ok": int(np.count_nonzero(during.has(Outcome.OK))),
        }  # fmt: skip

    @property
    def _store(self) -> FeatureStore:
        return self.scene.topology.feature_store

    def _sent(self) -> int:
        return self.scene.topology.helper.sent_bytes(self._store.id)

    def _tell(self, script: str) -> str:
        return self.scene.topology.helper.inside(self._store.id, script)
