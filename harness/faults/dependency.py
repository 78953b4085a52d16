"""Faults of the candidate's dependency: the feature store answers late, wrongly, never, or byte by byte.

Facts, over requests intended while it was broken
  n_sent             requests sent to the candidate; `n_sent_before` those of the steady state before
  hits               requests that the store got while broken; `hits_before` those of the steady state before (0: it is never asked)
  n_degraded         valid answers flagged degraded
  n_plain_ok         valid answers not flagged, given while the store could not have given what the model needs (slow: sooner than its delay)
  n_waited           valid answers not flagged that the store may have made possible (slow: after waiting for it: true, but late; a spoilt feature:
                     the answer is the same with it)
  brier_degraded     expected Brier score of the degraded answers; `brier_base` that of always answering the base rate; -1 without any
  distinct_degraded  different scores among them
Brier scores are expectations over the label given the simulator's true probability p, (s - p)^2 + p (1 - p): the same mean as with the
drawn labels, without their noise, which at a few hundred answers is larger than what a fallback gains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from challenges.simulator import Row
from harness.faults.base import Fault, Proof, Seen
from harness.load.generator import Running
from harness.load.outcomes import Outcome
from harness.load.trace import Bools, Trace

DELAY_S = 1.0
ASKED_AGAIN = 100
"""Plain answers that are compared with what they would have been; those beyond are not held against anybody."""
SAME_SCORE = 1e-6


class DependencyFault(Fault):
    """The feature store in one of its broken modes."""

    mode: ClassVar[str]
    params: ClassVar[Mapping[str, object]] = {}

    def begin(self) -> None:
        self._hits = 0
        self._ok_at_begin = self.scene.topology.feature_store.hits("ok")

    def prepare(self, running: Running) -> None:
        store = self.scene.topology.feature_store
        self._before, self._hits_before = store.hits(self.mode), store.hits("ok") - self._ok_at_begin

    def inject(self) -> float:
        return self.scene.topology.feature_store.set_mode(self.mode, **self.params)

    def proof(self) -> Proof:
        self._hits = self.scene.topology.feature_store.hits(self.mode) - self._before
        return Proof(self._hits > 0, f"the feature store got {self._hits} requests in mode {self.mode}")

    def undo(self) -> float:
        return self.scene.topology.feature_store.set_mode("ok")

    def facts(self, seen: Seen) -> dict[str, float]:
        during = seen.during()
        degraded = during.has(Outcome.DEGRADED)
        plain = during.has(Outcome.OK) & (during.done < seen.undo_at)
        waited = plain & self.helped(during, seen)
        served, base = brier(during, degraded, seen)
        return {
            "n_sent": int(np.count_nonzero(during.was_sent)),
            "n_sent_before": int(np.count_nonzero(seen.trace.between(seen.zero, seen.inject_at).was_sent)),
            "hits": self._hits,
            "hits_before": self._hits_before,
            "n_degraded": int(np.count_nonzero(degraded)),
            "n_plain_ok": int(np.count_nonzero(plain & ~waited)),
            "n_waited": int(np.count_nonzero(waited)),
            "brier_degraded": served,
            "brier_base": base,
            "distinct_degraded": len(np.unique(np.round(during.score[degraded], 6))),
        }

    def helped(self, during: Trace, seen: Seen) -> Bools:
        """Rows that the store may have given what they needed, broken as it was."""
        return np.zeros(len(during), dtype=bool)


def brier(trace: Trace, chosen: Bools, seen: Seen) -> tuple[float, float]:
    """(of the served scores, of the base rate) over the chosen rows; (-1, -1) without any."""
    if not chosen.any():
        return -1.0, -1.0
    p = np.array(seen.truth(trace.where(chosen)))
    spread = p * (1 - p)
    served = np.mean((trace.score[chosen] - p) ** 2 + spread)
    base = np.mean((np.mean(p) - p) ** 2 + spread)
    return float(served), float(base)


class DependencySlow(DependencyFault):
    mode = "slow"
    params: ClassVar[Mapping[str, object]] = {"delay_s": DELAY_S}

    def helped(self, during: Trace, seen: Seen) -> Bools:
        waited: Bools = during.received - during.sent >= DELAY_S
        return waited


class DependencyErrors(DependencyFault):
    mode = "error"
    params: ClassVar[Mapping[str, object]] = {"status": 500}


class DependencyBlackhole(DependencyFault):
    mode = "blackhole"


class DependencyReset(DependencyFault):
    """Takes the request and resets the connection."""

    mode = "reset"


class DependencyDrip(DependencyFault):
    mode = "drip"
    params: ClassVar[Mapping[str, object]] = {"interval_s": 0.2}


class DependencyGarbage(DependencyFault):
    """Answers 200 with a body that is no JSON."""

    mode = "garbage"


class OneFeature(DependencyFault):
    """Answers 200 with one of the promised features spoilt: which one differs from customer to customer, so that whoever looks at one of them only
    is found out. A model need not use them all: an answer that is the same with the feature as without it had what it needed."""

    def helped(self, during: Trace, seen: Seen) -> Bools:
        """Each plain answer is asked for once more, for another transaction, now that the store is well."""
        same = np.zeros(len(during), dtype=bool)
        for number, row in enumerate(np.flatnonzero(during.has(Outcome.OK)).tolist()):
            same[row] = number >= ASKED_AGAIN or self._same(seen.rows[int(during.index[row]) % len(seen.rows)], float(during.score[row]), number)
        return same

    def _same(self, row: Row, score: float, number: int) -> bool:
        """Also where nothing can be said: no plain answer comes."""
        contract = self.scene.challenge.spec.contract
        answer = self.scene.predicts(replace(row, request={**row.request, contract.id_field: f"again-{number}"}))
        told = None if answer is None or answer.get(contract.degraded_field) is True else answer[contract.score_field]
        return not isinstance(told, int | float) or abs(told - score) <= SAME_SCORE


class DependencyMissingField(OneFeature):
    """It is left out."""

    mode = "missing_field"


class DependencyNan(OneFeature):
    """It is NaN, which Python reads as a number and JSON does not know."""

    mode = "nan"


class DependencyHuge(DependencyFault):
    """Answers 200 with a body of 64 MiB, an eighth of the candidate's memory."""

    mode = "huge"
