"""Broken model files: a second instance is started with each, beside the first one, and asked whether it is ready.

One case per file: `status` of its last readiness answer (None: none), `seconds` until it said ready, died, or was watched for long enough,
`error` how it died, `alive_after` whether the first instance still predicts.

Facts
  honoured            1: with a copy of the image's own model the service opened that file; 0: it served without opening it; -1: this host
                      does not tell, or the copy could not be served, or nothing in the image looked like a model
  copy_served         1: a container with that copy was ready and predicted; 0: it was not; -1: nothing in the image looked like a model
  <file>_opened       1: somebody opened it while the container was watched; 0: nobody; -1: this host does not tell, or there is no file
  <file>_ready        1: it said that it is ready
  <file>_valid        of ASKED valid requests, those answered well once it was ready
  <file>_own          1: all of these answers named the version of the image's own model (0: another, -1: not ready)
"""

from __future__ import annotations

from time import monotonic

from grader.schema.evidence.faults import FaultCase
from harness.faults.artifacts import BROKEN, Staged, given, opened
from harness.faults.base import Proof, Seen, valid_answer, wait_for
from harness.faults.rollout import Rollout
from harness.load.generator import Running
from harness.sandbox.container import Candidate
from harness.text import clean

ASKED = 5
COPY_S = 15.0
LEAST_S, MOST_S = 3.0, 8.0
BODY_CHARS = 200


class BadModel(Rollout):
    """Each file in its turn; what a rollout of it would meet is BadRollout's."""

    def prepare(self, running: Running) -> None:
        super().prepare(running)
        self._cases: list[FaultCase] = []
        self._proofs: list[Proof] = []
        self._numbers: dict[str, float] = {}
        self._version = self._named_by(self.candidate)
        self._watch_s = MOST_S
        self._numbers["copy_served"] = -1
        self._numbers["honoured"] = self._honours_a_copy()

    def _honours_a_copy(self) -> int:
        own = self._artifacts.own()
        if own is None:
            return -1
        with opened(own.path) as watch:
            second = self.start_second(own)
            served = wait_for(lambda: self.serves(second), second.started_at + COPY_S)
            seen = watch.seen()
        self._numbers["copy_served"] = int(served)
        if served:  # a broken one may take as long, and a little more; the first instance may serve a retrained model
            self._version = self._named_by(second)
            took = monotonic() - second.started_at
            self._watch_s = max(min(MOST_S, max(LEAST_S, 2 * took + 2.0)), took + 1.0)
        return seen if served else -1

    def inject(self) -> float:
        at = monotonic()
        for name in BROKEN:
            staged = self._artifacts.broken(name, self.scene.seeds.derive(f"fault:bad_model:{name}"))
            with opened(staged.path) as watch:
                second = self.start_second(staged)
                self._cases.append(self._watch(second, staged))
                self._numbers[f"{name}_opened"] = watch.seen()
            self._proofs.append(given(second, staged, self.scene.challenge.spec.contract.model_path_env))
        return at

    def hold(self) -> None:
        """The injection lasts as long as it takes."""

    def proof(self) -> Proof:
        if not self._proofs:
            return Proof(False, "no container was started with a broken model")
        return Proof(all(proof.active for proof in self._proofs), "; ".join(proof.text for proof in self._proofs))

    def cases(self) -> list[FaultCase]:
        return self._cases

    def facts(self, seen: Seen) -> dict[str, float]:
        return self._numbers

    def _named_by(self, instance: Candidate) -> object:
        """The model version in an answer."""
        answer = valid_answer(instance.client, self.scene.challenge.spec.contract, self.rows[0])
        return None if answer is None else answer.get(self.scene.challenge.spec.contract.version_field)

    def _watch(self, second: Candidate, staged: Staged) -> FaultCase:
        """Until it is ready or has died twice: the engine starts it again, as any orchestrator does."""
        contract = self.scene.challenge.spec.contract
        wait_for(lambda: self.ready(second) or second.state().restart_count > 1, second.started_at + self._watch_s)
        seconds = monotonic() - second.started_at
        reply = second.client.get(contract.ready, deadline_s=1.0, max_bytes=1 << 16)
        state = second.state()
        ready = reply.status == 200
        answers = [valid_answer(second.client, contract, row) for row in self.rows[:ASKED]] if ready else []
        good = [answer for answer in answers if answer is not None]
        self._numbers |= {
            f"{staged.name}_ready": int(ready),
            f"{staged.name}_valid": len(good),
            f"{staged.name}_own": int(all(answer.get(contract.version_field) == self._version for answer in good)) if ready else -1,
        }
        died = f"exit code {state.exit_code}, {state.restart_count} restarts" if state.restart_count or not state.running else None
        return FaultCase(
            name=staged.name, kind="model", expected="refused", status=reply.status, seconds=round(seconds, 3), error=died,
            body=clean(reply.body, BODY_CHARS),
            alive_after=self.scene.predicts(self.rows[0], deadline_s=2.0) is not None,
        )  # fmt: skip
