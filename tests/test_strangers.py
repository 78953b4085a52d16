"""Who asks must not matter: services that know the grader by its headers, ids or pace, and sound ones that only look like it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tiny_service import TinyService

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from grader.schema.evidence import StrangerFacts
from harness import strangers
from harness.contract import PREDICTIONS, probe
from harness.strangers import INPUTS, OURS, Answer


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


def amount(request: Mapping[str, Any]) -> float:
    return min(1.0, float(request["amount"]) / 1000)


Service = Callable[[dict[str, Any], Mapping[str, str], int], Answer]
"""Request, headers and the how manieth request this is -> answer."""


def compared(challenge: LoadedChallenge, service: Service, n: int = 20) -> StrangerFacts:
    count = iter(range(10_000))

    def read(row: Row, headers: Mapping[str, str]) -> Answer:
        return service(row.request, {name.lower(): value for name, value in headers.items()}, next(count))

    rows = challenge.simulator().stream(n, seed=8)
    return strangers.ask(challenge.spec.contract, [(row, read(row, OURS)) for row in rows], read)


def hashed(request: Mapping[str, Any]) -> int:
    return zlib.crc32(str(request["transaction_id"]).encode())


APART: dict[str, Service] = {
    "by the user agent": lambda request, headers, _: (amount(request) if "user-agent" not in headers else 0.5, False),
    "by the shape of the id": lambda request, _, __: (amount(request) if str(request["transaction_id"]).startswith("t-") else 0.5, False),
    "refuses others": lambda request, headers, _: (amount(request), False) if "user-agent" not in headers else None,
    "others get fallbacks": lambda request, headers, _: (amount(request), "user-agent" in headers),
}
ALIKE: dict[str, Service] = {
    "sound": lambda request, _, __: (amount(request), False),
    "an experiment between two models by id": lambda request, _, __: (amount(request) * (0.5 + hashed(request) % 2 / 2), False),
    "a score that counts earlier requests": lambda request, _, n: (amount(request) * n / 10_000, False),
    "a score with noise": lambda request, _, __: (amount(request) + hashed(request) % 1000 / 1e6, False),
    "fallbacks now and then": lambda request, _, n: (amount(request), n % 3 == 0),
}


@pytest.mark.parametrize("service", APART.values(), ids=APART)
def test_who_knows_the_grader_gives_itself_away(challenge: LoadedChallenge, service: Service) -> None:
    found = compared(challenge, service)
    assert (found.asked, found.steady, found.alike) == (INPUTS, INPUTS, 0)
    assert found.told_apart
    assert "for another client" in found.example


@pytest.mark.parametrize("service", ALIKE.values(), ids=ALIKE)
def test_what_changes_for_everybody_is_not_held_against_it(challenge: LoadedChallenge, service: Service) -> None:
    assert not compared(challenge, service).told_apart


def test_a_few_inputs_are_too_few_to_tell(challenge: LoadedChallenge) -> None:
    assert not compared(challenge, APART["by the user agent"], n=7).told_apart


def test_a_slow_service_cannot_hold_the_run(challenge: LoadedChallenge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "BUDGET_S", -1.0)
    assert compared(challenge, ALIKE["sound"]).asked == 0


def test_a_service_is_asked_by_others_after_its_sample(challenge: LoadedChallenge) -> None:
    seen: list[str] = []
    rows = challenge.simulator().stream(PREDICTIONS, seed=8)
    with TinyService(amount) as service:

        def predict(body: bytes) -> tuple[int, str, bytes]:
            seen.append(str(json.loads(body)["transaction_id"]) if body else "")
            return service.predict(body)

        service.routes["POST", "/predict"] = predict
        found = probe(service.client, challenge, rows).strangers
    assert found is not None and (found.asked, found.steady, found.alike) == (INPUTS, INPUTS, INPUTS)
    ids = seen[: PREDICTIONS + 1 + 3 * INPUTS]
    assert len(set(ids)) == len(ids) - 1, "only predict_again repeats an id"
    ours, theirs = rows[0].request["transaction_id"], ids[PREDICTIONS + 1 :]
    assert sum(id[:2] == str(ours)[:2] and len(id) == len(str(ours)) for id in theirs) == INPUTS, "a third of them in our own shape"
