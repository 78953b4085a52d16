"""Faults of rollouts: a second instance of the submission beside the first, which gets the traffic, a broken model, or both.

Facts
  rolling_update  sent, failed (of the probe's requests from the start of the second instance until after the first one's end; failed: without a
                  valid prediction; while the store is held back a refusal is none), held (of the first, sent before it was told to stop and not
                  ended then), held_lost (of those: no complete answer), by_first, by_second (valid predictions of each), versions (distinct
                  model versions in them), unnamed (valid
                  predictions without one), second_ready_s (-1: never), own_model (1: it was given a copy of the image's model through the
                  environment; 0: it ignored or refused that, and ran without; -1: nothing in the image looked like a model), exit_s (of the
                  first; -1: not in time)
  bad_rollout     second_ready (1: it said so and got the traffic), second_opened (1: by the end somebody had opened its file; 0: nobody;
                  -1: this host does not tell), sent, failed (until the second was gone), rollback_s (from its removal until answers are good;
                  -1: never); where it answered at all: second_valid (its valid predictions) and, from FEW of them, second_rank (rank
                  correlation of their scores with the truth)
"""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from time import monotonic

import numpy as np

from harness.faults import observe
from harness.faults.artifacts import Artifacts, Opens, Staged, given, opened
from harness.faults.base import Fault, Proof, Seen, pause_until, valid_answer, wait_for
from harness.faults.process import ready_after
from harness.load.generator import Running
from harness.load.outcomes import ANSWERED
from harness.load.trace import Bools, Trace
from harness.rank import rank_correlation
from harness.sandbox.container import Candidate
from harness.sandbox.limits import LEAST_WEIGHT, USUAL_WEIGHT

READY_S = 30.0
EXIT_S = 12.0
KILL_GRACE_S = 1.0
WATCH_S = 6.0
DEATHS = 2
IN_FLIGHT, IN_FLIGHT_WAIT_S, HELD_BACK_S = 4, 1.5, 0.4
"""As in SigtermDrain: 150 requests/s that take a few ms each leave the first instance empty when it is told to stop, and then nothing can be lost."""


class Rollout(Fault):
    """What both kinds share: the second instance, and the way back."""

    def hosts(self) -> list[str]:
        return [self.scene.topology.next_address]

    def begin(self) -> None:
        self._stack = ExitStack()
        self._second: Candidate | None = None
        self._running: Running | None = None
        self._began = monotonic()

    def prepare(self, running: Running) -> None:
        self._running = running
        self._began = monotonic()
        variable, seed = self.scene.challenge.spec.contract.model_path_env, self.scene.seeds.derive("fault:rollout:folder")
        self._artifacts = self._stack.enter_context(Artifacts(self.candidate, variable, seed))

    def start_second(self, staged: Staged | None) -> Candidate:
        """Of the same image and environment, with a /data of its own, and in place of a second one before it."""
        self.drop_second()
        _, env = self.candidate.image_facts()
        named = staged.env(self.scene.challenge.spec.contract.model_path_env) if staged else {}
        mounts = staged.mounts if staged else []
        self._second = self.scene.topology.start_candidate(self.candidate.image_id, env=env | named, mounts=mounts, beside=True)
        return self._second

    def drop_second(self) -> None:
        if self._second is not None:
            self._second.remove()
            self._second = None

    def ready(self, instance: Candidate) -> bool:
        """What a load balancer asks."""
        return instance.client.get(self.scene.challenge.spec.contract.ready, deadline_s=1.0).status == 200

    def serves(self, instance: Candidate) -> bool:
        return self.ready(instance) and valid_answer(instance.client, self.scene.challenge.spec.contract, self.rows[0]) is not None

    def switch(self, instance: Candidate) -> float:
        return monotonic() if self._running is None else self._running.switch(instance.ip)

    def undo(self) -> float:
        """The first instance serves again, and alone; returns when the traffic was asked back."""
        if not self.candidate.state().running:
            self.candidate.start()
            wait_for(lambda: self.serves(self.candidate), monotonic() + READY_S)
        at = self.switch(self.candidate)
        self.drop_second()
        self._stack.close()
        return at


class RollingUpdate(Rollout):
    """A second instance becomes ready, gets the traffic, and the first is told to stop."""

    def prepare(self, running: Running) -> None:
        super().prepare(running)
        self._since, self._over, self._exit_s, self._second_ready_s = time.time(), self._began, -1.0, -1.0
        self._held_back = self._told_at = self._released = self._began
        own = self._artifacts.own()
        self._own_model = -1 if own is None else int(self._becomes_ready(own))
        if self._own_model == 1 or self._becomes_ready(None):
            assert self._second is not None
            self._second_ready_s = monotonic() - self._second.started_at
            self._second.set_weight(USUAL_WEIGHT)

    @property
    def _limit_s(self) -> float:
        return min(READY_S, self.scene.challenge.spec.limits.ready_timeout_s)

    def _becomes_ready(self, staged: Staged | None) -> bool:
        """One that dies again and again is not waited for to the end."""
        second = self.start_second(staged)
        for part, weight in ((0.5, LEAST_WEIGHT), (1.0, USUAL_WEIGHT)):  # one that is late has its full share: it must be late by itself
            second.set_weight(weight)
            wait_for(lambda: self.serves(second) or second.state().restart_count > DEATHS, second.started_at + part * self._limit_s)
        return self.serves(second)

    def inject(self) -> float:
        """A second one that is not ready gets no traffic: it shares the first one's core, which may be why."""
        if self._second is None or self._second_ready_s < 0:
            return monotonic()
        assert self._running is not None
        running, store = self._running, self.scene.topology.feature_store
        self._held_back = monotonic()
        store.set_mode("slow", delay_s=HELD_BACK_S)
        wait_for(lambda: running.in_flight() >= IN_FLIGHT, monotonic() + IN_FLIGHT_WAIT_S, 0.001)
        self.switch(self._second)
        self._told_at = monotonic()
        self.candidate.signal("SIGTERM")
        self._released = store.set_mode("ok")  # what is held stays held; what comes now need not wait
        return self._told_at

    def hold(self) -> None:
        since = monotonic()
        told = observe.signals_sent(self.scene.topology, self.candidate.id, self._since)
        if told and wait_for(lambda: not self.candidate.state().running, since + EXIT_S):
            self._exit_s = monotonic() - since
        elif told:  # half stopped, it could neither serve again nor be judged by the faults to come
            self.candidate.stop(KILL_GRACE_S)
        pause_until(monotonic() + self.timing.fault_s)
        self._over = monotonic()

    def undo(self) -> float:
        self.scene.topology.feature_store.set_mode("ok")
        return super().undo()

    def proof(self) -> Proof:
        told = signal.SIGTERM in observe.signals_sent(self.scene.topology, self.candidate.id, self._since)
        answers = self._running.elsewhere() if self._running else 0
        if self._second_ready_s < 0:
            return self._never_ready()
        said = f"{answers} valid answers came from the second container; the engine's event log shows {'' if told else 'no '}SIGTERM to the first"
        return Proof(told and answers > 0, said)

    def _never_ready(self) -> Proof:
        """One that dies again and again ends an update on a cluster too. One that is late shares a core with the first, which may be why."""
        restarts = self._second.state().restart_count if self._second else 0
        if restarts > DEATHS:
            return Proof(True, f"a second container beside the first died {restarts} times")
        return Proof(False, f"a second container beside the first, on the same core, was not ready and predicting within {self._limit_s:g} s")

    def facts(self, seen: Seen) -> dict[str, float]:
        trace = seen.trace.between(self._began, self._over)
        valid, second = trace.valid, trace.target > 0
        held = trace.where(~second & (trace.sent < self._told_at) & (trace.done > self._told_at))
        named = trace.version[valid]
        return {
            "sent": len(trace) - trace.dropped,
            "failed": int(np.count_nonzero(trace.was_sent & ~self._served(trace))),
            "held": len(held),
            "held_lost": int(np.count_nonzero(~held.has(*ANSWERED))),
            "by_first": int(np.count_nonzero(valid & ~second)),
            "by_second": int(np.count_nonzero(valid & second)),
            "versions": len(set(named[named >= 0].tolist())),
            "unnamed": int(np.count_nonzero(named < 0)),
            "second_ready_s": round(self._second_ready_s, 3),
            "own_model": self._own_model,
            "exit_s": self._exit_s,
        }


    def _served(self, trace: Trace) -> Bools:
        """Valid predictions, and whole answers to what was under way while the store was held back: how well that is borne, other faults ask."""
        meanwhile = (trace.sent < self._released) & (trace.done > self._held_back)
        served: Bools = trace.valid | (meanwhile & trace.has(*ANSWERED))
        return served


class BadRollout(Rollout):
    """The second instance gets a broken model. Only if it says that it is ready does it get the traffic, as in a real rollout."""

    def prepare(self, running: Running) -> None:
        super().prepare(running)
        self._ready, self._opened = False, -1
        self._watch: Opens | None = None
        self._staged = self._artifacts.broken("corrupt", self.scene.seeds.derive("fault:bad_rollout:file"))

    def inject(self) -> float:
        self._watch = self._stack.enter_context(opened(self._staged.path))
        self.start_second(self._staged)
        return monotonic()

    def hold(self) -> None:
        if self._second is None:
            return
        second = self._second
        self._ready = wait_for(lambda: self.ready(second), second.started_at + WATCH_S)
        if self._ready:
            second.set_weight(USUAL_WEIGHT)
            self.switch(second)
            pause_until(monotonic() + self.timing.fault_s)
        self._opened = self._watch.seen() if self._watch else -1

    def proof(self) -> Proof:
        if self._second is None:
            return Proof(False, "no second container was started")
        return given(self._second, self._staged, self.scene.challenge.spec.contract.model_path_env)

    def facts(self, seen: Seen) -> dict[str, float]:
        trace = seen.trace.between(self._began, seen.undo_at)
        answered = trace.where((trace.target > 0) & trace.valid)
        facts = {
            "second_ready": int(self._ready),
            "second_opened": self._opened,
            "second_valid": len(answered),
            "sent": len(trace) - trace.dropped,
            "failed": int(np.count_nonzero(~trace.valid & trace.was_sent)),
            "rollback_s": round(ready_after(seen.trace, seen.undo_at), 3),
        }
        rank = rank_correlation(answered.score.tolist(), seen.truth(answered))
        return facts if rank is None else facts | {"second_rank": rank}
