from __future__ import annotations

import pytest

from checks.builders import case, fault, faults, level

REFUSED = [case(f"wrong_{i}") for i in range(19)]
LET_IN = case("nan_for_amount", 200, body='{"score": 0.1}')
BROKEN = case("deep_array", 500, body="Internal Server Error")


@pytest.mark.parametrize(
    ("expected", "cases"),
    [
        ("refuses", [*REFUSED, case("valid_unicode_name", 200), case("either_extra_key", 200), case("either_extra_key", 422)]),
        ("refuses", [*REFUSED, case("oversize", None, error="reset"), case("oversize", 413, body="")]),
        ("mostly", [*REFUSED, LET_IN]),
        ("mostly", [*REFUSED, case("valid_unicode_name", 422)]),
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
