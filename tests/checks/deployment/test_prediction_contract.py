from __future__ import annotations

import pytest

from checks.builders import contract, exchange, level
from grader.schema.evidence import ContractEvidence, StrangerFacts


def told_by(apart: int, asked: int = 12) -> ContractEvidence:
    """A sound sample, and what another client found."""
    return contract().model_copy(update={"strangers": StrangerFacts(asked=asked, steady=asked, alike=asked - apart, apart=apart, example="")})


def typed(content_type: str) -> ContractEvidence:
    answer = exchange("predict", "POST", "/predict", 200)
    return contract(answer.model_copy(update={"content_type": content_type}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("exact", {"contract": contract()}),
        ("exact", {"contract": typed("application/json; charset=utf-8")}),
        ("exact", {"contract": typed("application/problem+json")}),
        ("near", {"contract": typed("text/plain")}),
        ("near", {"contract": typed("")}),
        ("near", {"contract": contract(valid=38)}),
        ("near", {"contract": contract(echoes_id=37)}),
        ("exact", {"contract": contract(contrary=0)}),
        ("exact", {"contract": contract(contrary=2)}),
        ("near", {"contract": contract(contrary=20)}),
        ("near", {"contract": contract(valid=38, contrary=20)}),
        ("broken", {"contract": contract(valid=30, contrary=20)}),
        ("broken", {"contract": contract(echoes_id=0)}),
        ("broken", {"contract": contract(echoes_id=20)}),
        ("broken", {"contract": contract(valid=30)}),
        ("broken", {"contract": contract(distinct_scores=1)}),
        ("broken", {"contract": told_by(apart=12)}),
        ("broken", {"contract": told_by(apart=8)}),
        ("broken", {"contract": told_by(apart=4)}),
        ("exact", {"contract": told_by(apart=3)}),
        ("exact", {"contract": told_by(apart=7, asked=7)}),
        ("exact", {"contract": told_by(apart=0)}),
        ("exact", {"contract": told_by(apart=0, asked=0)}),
        ("broken", {"contract": contract(sent=0, valid=0, distinct_scores=0, echoes_id=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("prediction_contract", **evidence) == expected
