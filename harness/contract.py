"""Probes of every route of the service contract: sixty valid predictions first, some of them again as another client, then each route once,
then wrong requests.

The caller has loaded the rows' customers into the feature store. Rows must be fresh ones: hidden payloads are never repeated.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from jsonschema import Draft202012Validator

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.evidence import ContractEvidence, Exchange, PredictionFacts, StrangerFacts
from harness import strangers
from harness.client import Client, Kept, Reply
from harness.load import wire
from harness.rank import rank_correlation
from harness.strangers import OURS, Answer
from harness.text import clean, one_line

Validate = Callable[[object], list[str]]

PREDICTIONS = 60
BUDGET_S = 20.0
"""A service that answers every request at its last moment must not hold the run; what was sent by then is judged."""
BODY_LIMIT = 600
VIOLATIONS_LIMIT = 5
SCORE_DIGITS = 9
NOBODYS_ID = "never-scored"
"""A transaction that no service has answered."""


def validator(challenge: LoadedChallenge) -> Validate:
    """A function from a decoded answer to the places where it breaks the response schema; [] when it conforms."""
    schema = Draft202012Validator(challenge.response_schema)

    def violations(answer: object) -> list[str]:
        found: list[str] = []
        for error in schema.iter_errors(answer):
            where = ".".join(str(part) for part in error.absolute_path)
            found.append(one_line(f"{where}: {error.message}" if where else error.message))
            if len(found) == VIOLATIONS_LIMIT:
                break
        return found

    return violations


def exchange(name: str, method: str, path: str, reply: Reply, violations: Sequence[str] = ()) -> Exchange:
    """A reply as evidence: candidate text stripped and capped."""
    return Exchange(
        name=name, method=method, path=path, status=reply.status, seconds=round(reply.seconds, 6), error=reply.error,
        content_type=one_line(reply.headers.get("content-type", ""), 100), body=clean(reply.body[: 4 * BODY_LIMIT], BODY_LIMIT),
        violations=list(violations),
    )  # fmt: skip


def probe(candidate_client: Client, challenge: LoadedChallenge, rows: Sequence[Row]) -> ContractEvidence:
    """Facts about every route. Needs at least `PREDICTIONS` rows for a full sample; fewer rows give a smaller one."""
    predictions = _Predictions(candidate_client, challenge)
    deadline = time.monotonic() + BUDGET_S
    for row in rows[:PREDICTIONS]:
        if time.monotonic() > deadline:
            break
        predictions.send(row)
    known = predictions.answered[: strangers.INPUTS] if time.monotonic() < deadline else []
    told = predictions.told_apart(known) if known else None
    exchanges = [*predictions.first, *_routes(candidate_client, challenge, rows)]
    return ContractEvidence(predictions=predictions.facts(), exchanges=exchanges, model_versions=sorted(predictions.versions), strangers=told)


class _Predictions:
    """Counts over valid requests. The first one is sent twice: `predict` and `predict_again` are kept as exchanges."""

    def __init__(self, client: Client, challenge: LoadedChallenge) -> None:
        self.client = client
        self.contract = challenge.spec.contract
        self.validate = validator(challenge)
        self.first: list[Exchange] = []
        self.scores: list[float] = []
        self.truths: list[float] = []
        self.decided: list[tuple[float, int]] = []
        self.versions: set[str] = set()
        self.answered: list[Row] = []
        self.kept = Kept(client.host, client.port)
        self.head = wire.head("POST", self.contract.predict, client.host, client.port)
        self.sent = self.valid = self.echoes = self.degraded = 0
        self.violation = ""

    def send(self, row: Row) -> None:
        reply, answer, violations = self._ask(row)
        self.sent += 1
        if not self.first:
            self.first = [exchange("predict", "POST", self.contract.predict, reply, violations), self._again(row, answer)]
        if violations:
            self.violation = self.violation or violations[0]
        elif isinstance(answer, dict):
            self._count(row, answer)

    def told_apart(self, known: Sequence[Row]) -> StrangerFacts:
        try:
            return strangers.ask(self.contract, known, self._answer)
        finally:
            self.kept.close()

    def _answer(self, row: Row, headers: Mapping[str, str]) -> Answer:
        """Score and flag of a valid answer. Counts nothing. What is asked as OURS goes the load's way, byte by byte, on a connection that is kept.

        It is closed before anybody else asks: a service that serves one connection at a time would let them wait.
        """
        body = json.dumps(row.request).encode()
        if headers is OURS:
            reply = self.kept.send(wire.request(self.head, body), deadline_s=strangers.PATIENCE_S)
        else:
            self.kept.close()
            reply = self.client.request("POST", self.contract.predict, body=body, headers=headers, bare=True, deadline_s=strangers.PATIENCE_S)
        answer, violations = self._read(reply)
        return None if violations or not isinstance(answer, dict) else self._told(answer)

    def _told(self, answer: dict[str, object]) -> Answer:
        score = answer.get(self.contract.score_field)
        return round(score, SCORE_DIGITS) if isinstance(score, float) else score, answer.get(self.contract.degraded_field)

    def _ask(self, row: Row) -> tuple[Reply, object, list[str]]:
        reply = self.client.request("POST", self.contract.predict, body=json.dumps(row.request).encode(), headers=OURS)
        return reply, *self._read(reply)

    def _read(self, reply: Reply) -> tuple[object, list[str]]:
        if not reply.ok:
            return None, [f"no whole answer: {reply.error}" if reply.error else f"status {reply.status} for a valid request"]
        answer = reply.json()
        return answer, ["the body is no JSON document"] if answer is None else self.validate(answer)

    def _again(self, row: Row, before: object) -> Exchange:
        """The same request once more: does the same input get the same score?"""
        reply, answer, violations = self._ask(row)
        field = self.contract.score_field
        if isinstance(before, dict) and isinstance(answer, dict) and before.get(field) != answer.get(field):
            violations = [*violations, one_line(f"{field}: {before.get(field)!r}, then {answer.get(field)!r} for the same request")]
        return exchange("predict_again", "POST", self.contract.predict, reply, violations)

    def _count(self, row: Row, answer: dict[str, object]) -> None:
        self.valid += 1
        self.answered.append(row)
        self.echoes += answer.get(self.contract.id_field) == row.request.get(self.contract.id_field)
        self.degraded += answer.get(self.contract.degraded_field) is True
        score = answer.get(self.contract.score_field)
        if isinstance(score, int | float):
            self.scores.append(round(float(score), SCORE_DIGITS))
            self.truths.append(row.probability)
            decision = answer.get(self.contract.decision_field)
            if decision in self.contract.decision_order and answer.get(self.contract.degraded_field) is not True:
                self.decided.append((float(score), self.contract.decision_order.index(str(decision))))
        self.versions.add(one_line(str(answer.get(self.contract.version_field, "")), 100))

    def facts(self) -> PredictionFacts:
        return PredictionFacts(
            sent=self.sent, valid=self.valid, distinct_scores=len(set(self.scores)), echoes_id=self.echoes,
            degraded=self.degraded, first_violation=self.violation, rank_correlation=rank_correlation(self.scores, self.truths),
            contrary=contrary(self.decided) if self.contract.decision_field else None,
        )  # fmt: skip


def contrary(decided: Sequence[tuple[float, int]]) -> int:
    """How many (score, place of the decision) must go for the rest to be in one order: a higher score never gets a milder decision.

    Answers of one score may be decided either way: what they are told apart by is not in the answer.
    """
    ends: list[int] = []  # of non-decreasing runs of decisions, by length: the last place of the best run
    for _, place in sorted(decided):
        at = bisect_right(ends, place)
        ends[at : at + 1] = [place]
    return len(decided) - len(ends)


def _routes(client: Client, challenge: LoadedChallenge, rows: Sequence[Row]) -> list[Exchange]:
    contract = challenge.spec.contract
    row = rows[0] if rows else None
    label = {contract.id_field: row.request[contract.id_field], "label": row.label} if row else {}
    table: list[tuple[str, str, str, bytes | None]] = [
        ("health", "GET", contract.health, None),
        ("ready", "GET", contract.ready, None),
        ("metrics", "GET", contract.metrics, None),
        ("version", "GET", contract.version, None),
        ("feedback", "POST", contract.feedback, json.dumps(label).encode()),
        ("feedback_text_label", "POST", contract.feedback, json.dumps(label | {"label": "fraud"}).encode()),
        ("feedback_without_id", "POST", contract.feedback, json.dumps({"label": 1}).encode()),
        ("feedback_unknown_id", "POST", contract.feedback, json.dumps({contract.id_field: NOBODYS_ID, "label": 1}).encode()),
        ("feedback_no_json", "POST", contract.feedback, b"{"),
        ("unknown_route", "GET", f"{contract.predict}-no-such-route", None),
        ("predict_wrong_method", "GET", contract.predict, None),
        ("predict_empty", "POST", contract.predict, b""),
    ]
    return [
        exchange(name, method, path, client.request(method, path, body=body, headers={} if body is None else OURS))
        for name, method, path, body in table
    ]
