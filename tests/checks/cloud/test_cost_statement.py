from __future__ import annotations

import pytest

from checks.builders import judge, level, repository
from grader.schema.evidence import Probe


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("reasoned", {"repository": repository(cost_statement=True, sizing_rationale=True)}),
        ("stated", {"repository": repository(cost_statement=True, sizing_rationale=False)}),
        ("none", {"repository": repository(cost_statement=False, sizing_rationale=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("cost_statement", **evidence) == expected


def priced(value, words):
    return repository(cost_statement=Probe(subject=True, found=True, value=value, detail=words), sizing_rationale=True)


@pytest.mark.parametrize(
    ("expected", "value", "words"),
    [
        ("reasoned", 0.0071, "USD 0.0071 per million"),
        ("reasoned", 45.0, "45 EUR per 1,000,000"),
        ("reasoned", 0.2, "$0.0002 per thousand"),
        ("reasoned", None, "0.5 $/m"),
        ("none", None, "USD 0.00 per million"),
        ("none", None, "per 1,000,000 predictions: $0"),
        ("impossible", 71_000.0, "USD 71,000 per million"),
        ("impossible", 1e-9, "USD 0.000000001 per million"),
    ],
)
def test_an_amount_is_one_that_a_prediction_can_cost(expected, value, words):
    assert level("cost_statement", repository=priced(value, words)) == expected


def test_the_machine_behind_an_impossible_amount_is_named():
    said = judge("cost_statement", repository=priced(71_000.0, "USD 71,000 per million")).observed
    assert "USD 0.0423 an hour would serve 0.000331 predictions/s" in said
