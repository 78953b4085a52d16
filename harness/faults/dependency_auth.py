"""The feature store begins to ask for credentials, and rotates them. It informs; no check judges it.

Facts of dependency_credentials, over requests intended while a token was asked for
  accepted_with_old_token  requests that the store answered before the rotation
  rejected_401             requests that it refused after the rotation
  accepted_with_new_token  requests that it answered after the rotation
  n_sent, n_degraded, n_plain_ok, failed   requests sent to the candidate; its valid answers flagged degraded and not flagged; all others
"""

from __future__ import annotations

from time import monotonic

import numpy as np

from harness.faults.base import Fault, Proof, Seen, pause_until
from harness.load.generator import Running
from harness.load.outcomes import Outcome

OLD_S = 1.0
"""How long the token lasts that the candidate could read from its start on."""


class DependencyCredentials(Fault):
    """The store takes the token of the candidate's token file only; then the file gets another one, and so does the store."""

    def prepare(self, running: Running) -> None:
        self._start = self._rotated = self._end = self.scene.topology.feature_store.met()

    def inject(self) -> float:
        store, file = self.scene.topology.feature_store, self.scene.topology.token_file
        if file is None:
            return monotonic()  # the candidate cannot see any file of ours here: it would be asked for what it cannot have
        at = store.set_mode("auth", token=file.read())
        pause_until(at + OLD_S)
        self._rotated = store.met()
        store.set_mode("auth", token=file.rotate())
        return at

    def proof(self) -> Proof:
        self._end = self.scene.topology.feature_store.met()
        rejected, accepted = self._since_rotation("auth_rejected"), self._since_rotation("auth_accepted")
        said = f"after the rotation the feature store refused {rejected} requests with 401 and answered {accepted} with the new token"
        return Proof(rejected + accepted > 0, said)

    def undo(self) -> float:
        return self.scene.topology.feature_store.set_mode("ok")

    def facts(self, seen: Seen) -> dict[str, float]:
        during = seen.during()
        sent, degraded, plain = during.was_sent, during.has(Outcome.DEGRADED), during.has(Outcome.OK)
        return {
            "accepted_with_old_token": self._rotated["auth_accepted"] - self._start["auth_accepted"],
            "rejected_401": self._since_rotation("auth_rejected"),
            "accepted_with_new_token": self._since_rotation("auth_accepted"),
            "n_sent": int(np.count_nonzero(sent)),
            "n_degraded": int(np.count_nonzero(degraded)),
            "n_plain_ok": int(np.count_nonzero(plain)),
            "failed": int(np.count_nonzero(sent & ~during.valid)),
        }

    def _since_rotation(self, face: str) -> int:
        return self._end[face] - self._rotated[face]
