"""Faults of the candidate's network. Facts: network_cut cut_s."""

from __future__ import annotations

from time import monotonic

from harness.faults import observe
from harness.faults.base import Fault, Proof, Seen

PROBE_S = 0.5


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
