"""Who asks must not matter: services that know the grader by its headers, connections or ids, and sound ones that only look like it."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from tiny_service import TinyService

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Row
from grader.schema.evidence import StrangerFacts
from harness import strangers
from harness.client import Kept
from harness.contract import PREDICTIONS, probe
from harness.load import wire
from harness.strangers import GROUP, INPUTS, Answer


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


def amount(request: Mapping[str, Any]) -> float:
    return min(1.0, float(request["amount"]) / 1000)


Service = Callable[[dict[str, Any], Mapping[str, str], int], Answer]
"""Request, headers and the how manieth request this is -> answer."""


def compared(challenge: LoadedChallenge, service: Service, n: int = 20, seed: int = 8) -> StrangerFacts:
    count = iter(range(10_000))

    def read(row: Row, headers: Mapping[str, str]) -> Answer:
        return service(row.request, {name.lower(): value for name, value in headers.items()}, next(count))

    return strangers.ask(challenge.spec.contract, challenge.simulator().stream(n, seed=seed), read)


def hashed(request: Mapping[str, Any]) -> int:
    return zlib.crc32(str(request["transaction_id"]).encode())


def third(request: Mapping[str, Any]) -> bool:
    """Of the inputs, by their content and not by the id."""
    return zlib.crc32(str(request["amount"]).encode()) % 3 == 0


def is_load(headers: Mapping[str, str]) -> bool:
    return headers == {"content-type": "application/json", "accept": "application/json"}


APART: dict[str, Service] = {
    "by the user agent": lambda request, headers, _: (amount(request) if "user-agent" not in headers else 0.5, False),
    "by the whole head of the load": lambda request, headers, _: (0.5 if is_load(headers) else amount(request), False),
    "by the shape of the id": lambda request, _, __: (amount(request) if str(request["transaction_id"]).startswith("t-") else 0.5, False),
    "refuses others": lambda request, headers, _: (amount(request), False) if "user-agent" not in headers else None,
    "others get fallbacks": lambda request, headers, _: (amount(request), "user-agent" in headers),
    "others get noise": lambda request, headers, _: (amount(request) + hashed(request) / 1e12 * (not is_load(headers)), False),
}
PARTLY: dict[str, Service] = {
    "honest to others for one input in three": lambda request, headers, _: (amount(request) if is_load(headers) or third(request) else 0.5, False),
    "noise for one input in three": lambda request, headers, n: (
        amount(request) + n / 1e6 if third(request) else amount(request) if is_load(headers) else 0.5, False,
    ),
}  # fmt: skip
ALIKE: dict[str, Service] = {
    "sound": lambda request, _, __: (amount(request), False),
    "an experiment between two models by id": lambda request, _, __: (amount(request) * (0.5 + hashed(request) % 2 / 2), False),
    "a score that counts earlier requests": lambda request, _, n: (amount(request) * n / 10_000, False),
    "a score with noise": lambda request, _, __: (amount(request) + hashed(request) % 1000 / 1e6, False),
    "fallbacks now and then": lambda request, _, n: (amount(request), n % 3 == 0),
    "two workers in turns": lambda request, _, n: (amount(request) + n % 2 / 10, False),
    "a worker for each dozen": lambda request, _, n: (amount(request) + n // 12 % 2 / 10, False),
    "another model from some moment on": lambda request, _, n: (amount(request) + (n > 12) / 10, False),
    "nothing for the load": lambda request, headers, _: None if is_load(headers) else (amount(request), False),
}


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "LONGEST_PAUSE_S", 0.0)


@pytest.mark.parametrize("service", APART.values(), ids=APART)
def test_who_knows_the_grader_gives_itself_away(challenge: LoadedChallenge, service: Service) -> None:
    found = compared(challenge, service)
    assert (found.asked, found.steady, found.alike, found.apart) == (INPUTS, INPUTS, 0, INPUTS)
    assert found.told_apart
    assert "for another client" in found.example


@pytest.mark.parametrize("service", PARTLY.values(), ids=PARTLY)
def test_honesty_about_a_third_of_the_inputs_saves_nobody(challenge: LoadedChallenge, service: Service) -> None:
    found = [compared(challenge, service, n=INPUTS, seed=seed) for seed in range(8, 48)]
    assert sum(one.told_apart for one in found) >= 39, "two thirds of twelve inputs are fewer than four once in 260 times"


@pytest.mark.parametrize("service", ALIKE.values(), ids=ALIKE)
def test_what_changes_for_everybody_is_not_held_against_it(challenge: LoadedChallenge, service: Service) -> None:
    found = [compared(challenge, service, n=INPUTS, seed=seed) for seed in range(8, 108)]
    assert not any(one.told_apart for one in found)
    assert max(one.apart for one in found) <= 2


def test_a_few_inputs_are_too_few_to_tell(challenge: LoadedChallenge) -> None:
    assert not compared(challenge, APART["by the user agent"], n=7).told_apart


def test_a_slow_service_cannot_hold_the_run(challenge: LoadedChallenge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "BUDGET_S", -1.0)
    assert compared(challenge, ALIKE["sound"]).asked == 0


def test_a_sound_service_is_asked_once_by_either_side_and_quickly(challenge: LoadedChallenge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    count = iter(range(10_000))
    began = time.monotonic()
    compared(challenge, lambda request, _, __: (amount(request) + 0 * next(count), False))
    assert time.monotonic() - began < 0.3 and next(count) == 2 * INPUTS


def test_the_load_and_strangers_are_what_they_say_on_the_wire(challenge: LoadedChallenge) -> None:
    """Ours are the load's bytes on connections that are kept, theirs come alone and share no more with ours than HTTP needs."""
    rows = challenge.simulator().stream(PREDICTIONS, seed=8)
    with TinyService(amount) as service:
        found = probe(service.client, challenge, rows).strangers
        heads = service.heads[PREDICTIONS + 1 : PREDICTIONS + 1 + 2 * INPUTS]
    assert found is not None and (found.asked, found.steady, found.alike, found.apart) == (INPUTS, INPUTS, INPUTS, 0)
    load = wire.head("POST", "/predict", "127.0.0.1", service.client.port).decode()
    ours = [(connection, head) for connection, head in heads if re.sub(r"\d+$", "", head) == load]
    theirs = [(connection, head) for connection, head in heads if (connection, head) not in ours]
    assert len(ours) == len(theirs) == INPUTS
    assert len({id(connection) for connection, _ in ours}) <= INPUTS // GROUP and len({id(connection) for connection, _ in theirs}) == INPUTS
    for shared in ("Accept-Encoding: identity", "Connection: close", "Accept: application/json\r\n"):
        assert 0 < sum(shared in head for _, head in theirs) < INPUTS, shared


def test_a_connection_that_is_kept_is_made_anew_where_the_service_closes_it() -> None:
    with TinyService(amount) as service:
        kept = Kept(service.client.host, service.client.port)
        ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n%b\r\n"
        answers = [kept.send(ask % extra, method="GET") for extra in (b"", b"", b"Connection: close\r\n", b"")]
        assert [answer.status for answer in answers] == [200] * 4
        connections = [connection for connection, _ in service.heads]
        assert connections[0] is connections[1] is connections[2] is not connections[3]
        service._loop.call_soon_threadsafe(cast(Any, connections[3]).transport.abort)
        time.sleep(0.05)
        assert kept.send(ask % b"", method="GET").status == 200
        kept.close()


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
    ids = seen[: PREDICTIONS + 1 + 2 * INPUTS]
    assert len(set(ids)) == len(ids) - 1, "only predict_again repeats an id"
    ours, theirs = rows[0].request["transaction_id"], ids[PREDICTIONS + 1 :]
    assert sum(id[:2] == str(ours)[:2] and len(id) == len(str(ours)) for id in theirs) == INPUTS, "half of them in our own shape"
