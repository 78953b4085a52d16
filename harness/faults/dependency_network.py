"""Faults between the candidate and its feature store: nobody listens, the name is gone, it comes and goes. Facts: see dependency.py, and

  dependency_refused    hits are connections that the kernel refused: a request that goes out again counts again
  dependency_name_gone  hits is 0: nothing reaches the store
  dependency_flapping   hits_down, hits_up  requests that met the store while it was down, or up; n_sent_down those sent to the candidate
                        wholly within its down phases; n_waited: plain answers that an up phase can explain
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import ClassVar

import numpy as np

from harness.faults import observe
from harness.faults.base import Proof, Seen
from harness.faults.dependency import DependencyFault
from harness.load.generator import Running
from harness.load.trace import Bools, Trace

DOWN_S, UP_S = 0.6, 0.4
"""More down than up: who has no fallback then answers clearly fewer than half of the requests."""

FLAP_STATUS = 503


class DependencyRefused(DependencyFault):
    """Nobody listens on the store's port, and what was open is closed."""

    mode = "refuse"


class DependencyNameGone(DependencyFault):
    """The store's container leaves the network: its name resolves no more, its address is silent."""

    mode = "ok"

    def inject(self) -> float:
        self.scene.topology.feature_store.leave_network()
        return monotonic()

    def proof(self) -> Proof:
        topology = self.scene.topology
        store = topology.feature_store
        connected = observe.connected(topology, store.container_id)
        resolves, said = topology.lookup(store.name)
        return Proof(not connected and not resolves, f"the feature store is on {'a' if connected else 'no'} network; its name: {said}")

    def undo(self) -> float:
        at = monotonic()  # before: the network may be whole again a while before the engine says so
        store = self.scene.topology.feature_store
        if not observe.connected(self.scene.topology, store.container_id):
            store.join_network()
        return at


class DependencyFlapping(DependencyFault):
    """Answers 503 for a while, well for a while, and so on."""

    mode = "flap"
    params: ClassVar[Mapping[str, object]] = {"down_s": DOWN_S, "up_s": UP_S, "status": FLAP_STATUS}

    def prepare(self, running: Running) -> None:
        super().prepare(running)
        self._met_before = self._met = self.scene.topology.feature_store.met()

    def proof(self) -> Proof:
        super().proof()
        self._met = self.scene.topology.feature_store.met()
        down, up = self._hits_of("flap_down"), self._hits_of("flap_up")
        return Proof(down > 0, f"the feature store got {down} requests in its down phases and {up} in its up phases")

    def facts(self, seen: Seen) -> dict[str, float]:
        during = seen.during()
        within = within_down(during.sent, during.done, seen.inject_at) & during.was_sent
        faces = {"hits_down": self._hits_of("flap_down"), "hits_up": self._hits_of("flap_up"), "n_sent_down": int(np.count_nonzero(within))}
        return super().facts(seen) | faces

    def helped(self, during: Trace, seen: Seen) -> Bools:
        return ~within_down(during.sent, during.received, seen.inject_at)

    def _hits_of(self, face: str) -> int:
        return self._met[face] - self._met_before[face]


def within_down(start: np.ndarray, end: np.ndarray, since: float) -> Bools:
    """Which of the periods lie wholly in one down phase of a schedule that began at `since`. NaN lies nowhere."""
    first, last = np.floor((start - since) / (DOWN_S + UP_S)), np.floor((end - since) / (DOWN_S + UP_S))
    within: Bools = (start >= since) & (first == last) & ((end - since) - last * (DOWN_S + UP_S) < DOWN_S)
    return within
