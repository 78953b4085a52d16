from __future__ import annotations

import pytest

from checks.builders import contract, exchange, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("takes", {"contract": contract(exchange("feedback", "POST", "/feedback", 202))}),
        ("other", {"contract": contract(exchange("feedback", "POST", "/feedback", 201))}),
        ("missing", {"contract": contract(exchange("feedback", "POST", "/feedback", 404))}),
        ("missing", {"contract": contract(exchange("feedback", "POST", "/feedback", None))}),
        ("unknown", {"contract": contract()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("feedback_route", **evidence) == expected
