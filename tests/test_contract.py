"""Contract probes on a small service that keeps the contract, or breaks it in one way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from tiny_service import JSON, Answer, TinyService

from challenges.loader import LoadedChallenge, load
from grader.schema.evidence import ContractEvidence
from harness import contract
from harness.contract import PREDICTIONS, contrary, probe, validator


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


def score(request: Mapping[str, Any]) -> float:
    return min(1.0, float(request["amount"]) / 1000)


def probed(challenge: LoadedChallenge, **change: Any) -> ContractEvidence:
    """Evidence of a good service whose prediction answers are changed by `change`."""
    with TinyService(score) as service:

        def predict(body: bytes) -> Answer:
            status, kind, answer = service.predict(body)
            return status, kind, answer if status != 200 else json.dumps({**json.loads(answer), **change}).encode()

        service.routes["POST", "/predict"] = predict
        return probe(service.client, challenge, challenge.simulator().stream(PREDICTIONS, seed=8))


def test_a_good_service_meets_the_precondition_and_every_route_is_asked(challenge: LoadedChallenge) -> None:
    evidence = probed(challenge)
    facts = evidence.predictions
    assert facts.met
    assert (facts.sent, facts.valid, facts.echoes_id, facts.degraded) == (PREDICTIONS, PREDICTIONS, PREDICTIONS, 0)
    assert facts.distinct_scores > PREDICTIONS * 0.8
    assert evidence.model_versions == ["1"]
    statuses = {exchange.name: exchange.status for exchange in evidence.exchanges}
    assert statuses == {
        "predict": 200, "predict_again": 200, "health": 200, "ready": 200, "metrics": 200, "version": 200, "feedback": 202,
        "feedback_text_label": 202, "feedback_without_id": 202, "feedback_unknown_id": 202, "feedback_no_json": 202,
        "unknown_route": 404, "predict_wrong_method": 405, "predict_empty": 422,
    }  # fmt: skip
    assert not any(exchange.violations for exchange in evidence.exchanges)


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        ({"score": 1.5}, "score: 1.5 is greater than the maximum of 1"),
        ({"score": "0.5"}, "score: '0.5' is not of type 'number'"),
        ({"decision": "perhaps"}, "decision: 'perhaps' is not one of"),
        ({"degraded": None}, "degraded: None is not of type 'boolean'"),
    ],
)
def test_an_answer_that_breaks_the_schema_is_not_valid_and_says_where(challenge: LoadedChallenge, change: dict[str, Any], violation: str) -> None:
    evidence = probed(challenge, **change)
    assert evidence.predictions.valid == 0
    assert not evidence.predictions.met
    assert violation in evidence.predictions.first_violation
    predict = evidence.exchange("predict")
    assert predict and violation in predict.violations[0]


def test_a_constant_score_and_a_wrong_id_are_seen(challenge: LoadedChallenge) -> None:
    facts = probed(challenge, score=0.5, transaction_id="same").predictions
    assert (facts.valid, facts.distinct_scores, facts.echoes_id) == (PREDICTIONS, 1, 0)
    assert not facts.met


def test_a_score_that_changes_for_the_same_request_is_told(challenge: LoadedChallenge) -> None:
    answers = iter(range(1, 10_000))
    with TinyService(lambda request: next(answers) / 10_000) as service:
        evidence = probe(service.client, challenge, challenge.simulator().stream(5, seed=8))
    again = evidence.exchange("predict_again")
    assert again and "then" in again.violations[0]


def test_a_dead_or_silent_service_is_evidence_and_not_an_error(challenge: LoadedChallenge, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = challenge.simulator().stream(PREDICTIONS, seed=8)
    with TinyService(score) as service:
        client = service.client
    evidence = probe(client, challenge, rows)
    assert evidence.predictions.sent == PREDICTIONS
    assert evidence.predictions.valid == 0
    assert {exchange.error for exchange in evidence.exchanges} == {"refused"}


def test_a_service_that_is_always_late_cannot_hold_the_run(challenge: LoadedChallenge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "BUDGET_S", 0.3)
    with TinyService(score) as service:

        def slow(body: bytes) -> Answer:
            time.sleep(0.1)  # the stimulus itself: a late answer
            return service.predict(body)

        service.routes["POST", "/predict"] = slow
        evidence = probe(service.client, challenge, challenge.simulator().stream(PREDICTIONS, seed=8))
    assert 1 <= evidence.predictions.sent <= 5
    assert evidence.predictions.met is False or evidence.predictions.sent >= 3


def test_candidate_text_is_stripped_and_capped(challenge: LoadedChallenge) -> None:
    with TinyService(score) as service:
        service.routes["GET", "/version"] = lambda _: (200, JSON + "\x1b]0;title", b"\x1b[2J\xe2\x80\xae" + b"x" * 100_000)
        evidence = probe(service.client, challenge, challenge.simulator().stream(2, seed=8))
    version = evidence.exchange("version")
    assert version and len(version.body) <= contract.BODY_LIMIT
    assert "\x1b" not in version.body + version.content_type
    assert "\u202e" not in version.body


@pytest.mark.parametrize("answer", [None, 3, "x", [], {}, {"score": "x" * 1_000_000}])
def test_anything_that_is_no_prediction_has_violations_and_few_of_them(challenge: LoadedChallenge, answer: object) -> None:
    found = validator(challenge)(answer)
    assert 1 <= len(found) <= contract.VIOLATIONS_LIMIT
    assert all(len(line) <= 200 for line in found)


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        ([(0.1, 0), (0.4, 1), (0.9, 2)], 0),
        ([(0.9, 2), (0.1, 0), (0.4, 1)], 0),
        ([(0.1, 2), (0.4, 1), (0.9, 0)], 2),
        ([(0.1, 0), (0.2, 2), (0.3, 0), (0.4, 2)], 1),
        ([(0.5, 1), (0.5, 0), (0.5, 2)], 0),
        ([(0.1, 0)] * 60, 0),
        ([], 0),
    ],
)
def test_decisions_against_the_order_of_scores_are_counted(decided: list[tuple[float, int]], expected: int) -> None:
    assert contrary(decided) == expected
