from __future__ import annotations

import pytest

from checks.builders import case, fault, faults, judge, level
from grader.checks.analysis.inputs import flaw
from grader.schema.evidence import FaultCase

REFUSED = [case(f"wrong_{i}") for i in range(19)]
LET_IN = case("nan_for_amount", 200, body='{"score": 0.1}')
BROKEN = case("deep_array", 500, body="Internal Server Error")
VALID = case("unicode_name", 200, expected="scored")
EITHER = case("extra_key", 200, expected="either")
DISGUISED = case("empty_body", 200, body='{"error": "bad request"}', violations=["score is a required property"])


@pytest.mark.parametrize(
    ("expected", "cases"),
    [
        ("refuses", [*REFUSED, VALID, EITHER, case("extra_key", 422, expected="either")]),
        ("refuses", [*REFUSED, case("oversize", None, error="reset"), case("oversize", 413, body="")]),
        ("mostly", [*REFUSED, LET_IN]),
        ("mostly", [*REFUSED, DISGUISED]),
        ("mostly", [*REFUSED, case("unicode_name", 422, expected="scored")]),
        ("leaky", [*REFUSED, *[BROKEN] * 6]),
        ("leaky", [*REFUSED, case("deep_array", alive=False), case("null")]),
        ("swallows", [*REFUSED, *[BROKEN] * 40]),
        ("swallows", [case("nan_for_amount", 400, body="")]),
        ("dies", [*REFUSED, case("deep_array", None, error="reset", alive=False)]),
        ("unknown", []),
    ],
)
def test_wrong_input_is_refused_and_unusual_input_is_not(expected, cases):
    assert level("malformed_input", faults=faults(fault("malformed_input", cases=cases))) == expected


def told(*bodies: str) -> list[FaultCase]:
    return [case(f"wrong_{i}", 422, body=body) for i, body in enumerate(bodies)]


@pytest.mark.parametrize(
    ("expected", "says", "cases"),
    [
        ("refuses", "", told(*[f'{{"error": "field {i}"}}' for i in range(40)])),
        ("refuses", "", told(*[f'["field {i}"]' for i in range(39)], "Bad Request")),
        ("mostly", "40 of 40 reasons are not JSON, such as 'field 0'", told(*[f"field {i}" for i in range(40)])),
        ("mostly", "40 of 40 reasons are not JSON", told(*["{ }"] * 40)),
        ("mostly", 'the reason is the same for all 40 of them: {"error": "bad request"}', told(*['{"error": "bad request"}'] * 40)),
        ("refuses", "", told(*['{"error": "bad request"}'] * 10)),
    ],
)
def test_a_reason_is_json_and_tells_one_mistake_from_another(expected, says, cases):
    found = judge("malformed_input", faults=faults(fault("malformed_input", cases=cases)))
    assert found.level == expected and says in found.observed


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (VALID, None),
        (EITHER, None),
        (LET_IN, "200 for a wrong request"),
        (DISGUISED, "200 without a prediction"),
        (case("twice", 200, expected="either", violations=["x"]), "200 without a prediction"),
        (case("twice", 500, expected="either"), "500"),
        (case("twice", None, expected="either", error="timeout"), "timeout"),
        (case("unicode_name", 422, expected="scored"), "422 for a valid request"),
        (case("null", 302), "302"),
        (case("null", 400, body=" "), "400 without a reason"),
        (case("oversize", None, error="eof"), None),
        (case("oversize", 422, body="", error="too_large"), None),
        (case("null", None), "no answer"),
    ],
)
def test_what_is_wrong_with_an_answer(answer, why):
    assert flaw(answer) == why


def test_mistreated_inputs_are_told_by_mistake_and_kind_and_one_can_be_sent_again():
    lost = [case(f"text_for_{i}", 500, kind="text_for") for i in range(5)] + [BROKEN, LET_IN]
    seen = judge("malformed_input", faults=faults(fault("malformed_input", cases=[*REFUSED, *lost]))).observed
    told = "500 (6: 5 of text_for_*, deep_array), 200 for a wrong request (1: nan_for_amount)"
    assert seen == f"19 of 26 inputs were handled right; not so: {told}; such as {{text_for_0}}"


def test_many_kinds_of_mistreated_inputs_stay_one_sentence():
    lost = [case(f"wrong_{i}", 500 + i % 7, kind=f"kind_{i}") for i in range(60)]
    assert len(judge("malformed_input", faults=faults(fault("malformed_input", cases=lost))).observed) < 400


@pytest.mark.parametrize(("name", "expected"), [("valid_unicode_name", "scored"), ("either_extra_key", "either"), ("null", "refused")])
def test_older_evidence_says_in_the_name_what_is_expected(name, expected):
    old = {"name": name, "status": 200, "seconds": 0.1, "error": None, "body": "", "alive_after": True}
    assert FaultCase.model_validate(old).expected == expected
