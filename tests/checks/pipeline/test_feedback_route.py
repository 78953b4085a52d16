from __future__ import annotations

import pytest

from checks.builders import contract, exchange, level

TAKEN = exchange("feedback", "POST", "/feedback", 202)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("takes", {"contract": contract(exchange("feedback", "POST", "/feedback", 202))}),
        ("other", {"contract": contract(exchange("feedback", "POST", "/feedback", 201))}),
        ("missing", {"contract": contract(exchange("feedback", "POST", "/feedback", 404))}),
        ("missing", {"contract": contract(exchange("feedback", "POST", "/feedback", None))}),
        ("breaks", {"contract": contract(TAKEN, exchange("feedback_text_label", "POST", "/feedback", 500))}),
        ("breaks", {"contract": contract(TAKEN, exchange("feedback_no_json", "POST", "/feedback", None))}),
        ("breaks", {"contract": contract(TAKEN, exchange("feedback_unknown_id", "POST", "/feedback", 500))}),
        ("takes", {"contract": contract(TAKEN, exchange("feedback_unknown_id", "POST", "/feedback", 404))}),
        ("takes", {"contract": contract(TAKEN, exchange("feedback_without_id", "POST", "/feedback", 422))}),
        ("takes", {"contract": contract(TAKEN, exchange("feedback_without_id", "POST", "/feedback", 202))}),
        ("missing", {"contract": contract(exchange("feedback", "POST", "/feedback", 500), exchange("feedback_no_json", "POST", "/feedback", 500))}),
        ("unknown", {"contract": contract()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("feedback_route", **evidence) == expected
