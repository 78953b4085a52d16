"""The wrong inputs: drawn anew from each seed, and what is expected of them follows from the schema."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from harness.faults import malformed
from harness.faults.bodies import BODIES
from harness.faults.expected import JSON, judge
from harness.faults.malformed import Malformed
from harness.faults.mutations import DOCUMENTS, FREE_TEXTS, KEPT_TEXTS, NUMBERS, TEXTS
from harness.seeds import Seeds
from harness.strict_json import strict_json

PHASE = "fault:malformed_input:cases"


@pytest.fixture(scope="module")
def samples(rows: list[Row]) -> list[dict[str, Any]]:
    return [row.request for row in rows[:300]]


def drawn(challenge: LoadedChallenge, samples: list[dict[str, Any]], seed: int = 1) -> list[Malformed]:
    return malformed.cases(challenge.request_schema, samples, seed)


def test_what_must_be_refused_breaks_the_schema_and_what_must_be_scored_conforms(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    """Read by another parser than the one that decided."""
    validator = Draft202012Validator(challenge.request_schema)
    for seed in range(20):
        for case in drawn(challenge, samples, seed):
            try:
                conforms = validator.is_valid(strict_json(case.body))
            except ValueError:
                conforms = False
            assert conforms or case.expected != "scored", case
            assert not conforms or case.expected != "refused", case


def test_every_way_to_spoil_a_request_is_tried_in_every_run(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    ways = {*NUMBERS, *TEXTS, *FREE_TEXTS, *KEPT_TEXTS, *DOCUMENTS, *BODIES}
    for seed in range(5):
        made = drawn(challenge, samples, seed)
        assert ways <= {case.kind for case in made}
        counted = Counter(case.expected for case in made)
        assert len(made) >= 105 and counted["refused"] >= 60 and counted["scored"] >= 5 and counted["either"] >= 10


def test_names_are_unique_and_every_required_field_is_left_out_once(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    names = [case.name for case in drawn(challenge, samples)]
    assert len(set(names)) == len(names)
    assert {f"missing_{field}" for field in challenge.request_schema["required"]} <= set(names)


def test_the_same_seed_gives_the_same_cases(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    assert drawn(challenge, samples, 7) == drawn(challenge, samples, 7)


def test_no_other_submission_gets_the_same_cases(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    """Its rows are others as well; a body that holds nothing of a row is fixed."""

    def bodies(commit: str, own: list[dict[str, Any]]) -> set[bytes]:
        made = drawn(challenge, own, Seeds(b"k" * 16, commit, 1).derive(PHASE))
        return {case.body for case in made if b"transaction_id" in case.body}

    one, other = bodies("one", samples[:150]), bodies("other", samples[150:])
    assert len(one) > 80 and not one & other


def test_the_oversize_case_is_large_and_the_last(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    last = drawn(challenge, samples)[-1]
    assert (last.name, last.expected) == ("oversize", "refused")
    assert len(last.body) > 8 << 20
    assert json.loads(last.body)["transaction_id"] == samples[0]["transaction_id"]


def test_every_case_can_be_shown_in_a_line(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    for case in drawn(challenge, samples):
        assert case.shows.isascii() and case.shows.isprintable() and len(case.shows) <= 120
        assert case.shows or not case.body


VALID = {
    "transaction_id": "t-1", "customer_id": "c-1", "merchant_id": "m-1", "timestamp": "2026-03-21T12:09:41.438Z", "amount": 10.93,
    "currency": "EUR", "merchant_category": "grocery", "channel": "chip", "country": "FR", "distance_km": None, "device_age_days": 40,
    "minutes_since_last": 2239.0, "cardholder_name": "Levin Yak",
}  # fmt: skip
TEXT = json.dumps(VALID)


def body(**changed: object) -> bytes:
    return json.dumps({**VALID, **changed}).encode()


def literal(field: str, text: str) -> bytes:
    return body(**{field: "?"}).replace(b'"?"', text.encode())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (TEXT.encode(), "scored"),
        (body(cardholder_name="Zoë 日本 🙂"), "scored"),
        (body(customer_id="../a?b#c"), "scored"),
        (body(merchant_category="never seen"), "scored"),
        (body(timestamp="2026-03-21T12:09:41+02:00"), "scored"),
        (literal("amount", "1e7"), "scored"),
        (f" \n{TEXT}\n".encode(), "scored"),
        (body(amount=-0.01), "refused"),
        (body(amount="10.93"), "refused"),
        (body(amount=True), "refused"),
        (literal("amount", "1e999"), "refused"),
        (literal("amount", "NaN"), "refused"),
        (literal("amount", "012"), "refused"),
        (literal("amount", "9" * 5000), "refused"),
        (literal("amount", "[" * 20_000 + "]" * 20_000), "refused"),
        (body(cardholder_name="x" * 129), "refused"),
        (TEXT.encode() * 2, "refused"),
        (TEXT.replace('"amount"', '"amount": -1, "amount"').encode(), "either"),
        (TEXT.replace('"amount"', '"amount": 10.93, "amount"').encode(), "either"),
        (TEXT.replace('"amount": 10.93', '"amount": [], "amount": {}').encode(), "refused"),
        (body(unknown=1), "either"),
        (literal("amount", "1e-400"), "either"),
        (literal("amount", "10000000.00000000000001"), "either"),
        (literal("amount", "-0.0"), "either"),
        (body(timestamp="yesterday"), "either"),
        (body(timestamp="2026-02-30T00:00:00Z"), "either"),
        (body(currency="eur"), "either"),
        (body(cardholder_name=" "), "either"),
        (body(cardholder_name="\ud800"), "either"),
        (body(cardholder_name="a\u202eb"), "either"),
        (body(cardholder_name="🙂" * 65), "either"),
        (TEXT.encode("utf-16"), "either"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "either"),
        (TEXT.replace("Yak", "é").encode("latin-1"), "either"),
        (TEXT.encode() + b" " * 5000, "either"),
    ],
)
def test_the_contract_says_what_is_expected(challenge: LoadedChallenge, sent: bytes, expected: str) -> None:
    assert judge(challenge.request_schema)(sent, JSON) == expected


@pytest.mark.parametrize(("content_type", "expected"), [(f"{JSON}; charset=utf-8", "scored"), (None, "either"), ("text/plain", "either")])
def test_another_content_type_may_be_refused(challenge: LoadedChallenge, content_type: str | None, expected: str) -> None:
    assert judge(challenge.request_schema)(TEXT.encode(), content_type) == expected
    assert judge(challenge.request_schema)(b"{}", content_type) == "refused"


def test_a_schema_that_closes_its_objects_refuses_extra_keys(challenge: LoadedChallenge) -> None:
    closed = {**challenge.request_schema, "additionalProperties": False}
    assert judge(closed)(body(unknown=1), JSON) == "refused"


def test_every_field_is_sent_at_both_ends_and_unseen_whatever_the_seed(challenge: LoadedChallenge, samples: list[dict[str, Any]]) -> None:
    sent = {case.name: case for case in drawn(challenge, samples, 7)}
    numbers, texts = challenge.spec.contract.numeric_fields, ("customer_id", "currency", "country", "merchant_category", "channel")
    wanted = {f"{kind}_for_{field}" for kind in ("lowest", "highest") for field in numbers}
    wanted |= {f"{kind}_for_{field}" for kind in ("shortest", "longest", "unseen") for field in texts}
    wanted |= {f"{kind}_for_timestamp" for kind in ("offset", "west", "fraction")}
    wanted |= {f"null_for_{field}" for field in challenge.spec.contract.nullable_fields}
    assert {name for name in wanted if name in sent and sent[name].expected == "scored"} == wanted
