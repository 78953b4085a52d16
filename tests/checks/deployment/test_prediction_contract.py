from __future__ import annotations

import pytest

from checks.builders import contract, level
from grader.schema.evidence import ContractEvidence, StrangerFacts


def told_by(steady: int, alike: int) -> ContractEvidence:
    """A sound sample, and what another client found."""
    return contract().model_copy(update={"strangers": StrangerFacts(asked=12, steady=steady, alike=alike, example="")})


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("exact", {"contract": contract()}),
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
        ("broken", {"contract": told_by(steady=12, alike=0)}),
        ("exact", {"contract": told_by(steady=7, alike=0)}),
        ("exact", {"contract": told_by(steady=12, alike=1)}),
        ("exact", {"contract": told_by(steady=0, alike=0)}),
        ("broken", {"contract": contract(sent=0, valid=0, distinct_scores=0, echoes_id=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("prediction_contract", **evidence) == expected
