"""Faults of the candidate's input: requests that break the contract, each on a connection of its own. Facts: cases, planned, bytes_sent."""

from __future__ import annotations

import json
from time import monotonic

from grader.schema.evidence.faults import FaultCase
from harness.client import Reply
from harness.contract import validator
from harness.faults import malformed
from harness.faults.base import Fault, Proof, Seen, wait_for
from harness.load.generator import Running
from harness.text import clean

DEADLINE_S = 3.0
BACK_S = 5.0
LONGEST_S = 30.0
"""A service that lets most wrong requests hang is not asked the rest: what was sent by then says enough."""

BODY_CHARS = 200
SAMPLES = 300


class MalformedInput(Fault):
    """Send every malformed case; after each, one valid request must be answered."""

    def prepare(self, running: Running) -> None:
        self._cases: list[FaultCase] = []
        self._bytes = 0
        challenge, samples = self.scene.challenge, [row.request for row in self.rows[:SAMPLES]]
        self._violations = validator(challenge)
        self._planned = malformed.cases(challenge.request_schema, samples, self.scene.seeds.derive("fault:malformed_input:cases"))

    def inject(self) -> float:
        at = monotonic()
        for number, case in enumerate(self._planned):
            self._cases.append(self._send(case, number))
            if not self._cases[-1].alive_after and not self._back(number):
                break  # nobody is left to ask; the runner sees to it that the service comes back
            if monotonic() > at + LONGEST_S:
                break
        return at

    def hold(self) -> None:
        """The injection lasts as long as it takes."""

    def proof(self) -> Proof:
        return Proof(bool(self._cases), f"{len(self._cases)} of {len(self._planned)} malformed requests sent, {self._bytes} bytes in all")

    def cases(self) -> list[FaultCase]:
        return self._cases

    def facts(self, seen: Seen) -> dict[str, float]:
        return {"cases": len(self._cases), "planned": len(self._planned), "bytes_sent": self._bytes}

    def _send(self, case: malformed.Malformed, number: int) -> FaultCase:
        client, path = self.candidate.client, self.scene.challenge.spec.contract.predict
        headers = {} if case.content_type is None else {"Content-Type": case.content_type}
        reply = client.request("POST", path, body=case.body, headers=headers, deadline_s=DEADLINE_S, max_bytes=1 << 20)
        self._bytes += len(case.body)
        return FaultCase(
            name=case.name, kind=case.kind, expected=case.expected, request=case.shows, status=reply.status,
            seconds=round(reply.seconds, 4), error=reply.error, body=clean(reply.body, BODY_CHARS), violations=self._broken(reply, case),
            alive_after=self._alive(number),
        )  # fmt: skip

    def _broken(self, reply: Reply, case: malformed.Malformed) -> list[str]:
        """Where a 2xx is no prediction: an error in a good answer's clothes, or an answer that nobody can match to a valid request."""
        if reply.status is None or not 200 <= reply.status < 300:
            return []
        answer = reply.json()
        if answer is None:
            return ["the body is no JSON"]
        id = self.scene.challenge.spec.contract.id_field
        strange = case.expected == "scored" and isinstance(answer, dict) and answer.get(id) != json.loads(case.body)[id]
        return [*self._violations(answer), *([f"{id} is not the request's"] if strange else [])]

    def _alive(self, number: int) -> bool:
        return self.scene.predicts(self.rows[number % len(self.rows)], deadline_s=2.0) is not None

    def _back(self, number: int) -> bool:
        return wait_for(lambda: self._alive(number), monotonic() + BACK_S, 0.1)
