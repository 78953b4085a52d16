from __future__ import annotations

import pytest

from checks.builders import capacity, judge, level, repository, stress
from grader.schema.evidence import Probe

MEASURED = 0.04225 / (2000 * 0.5 * 3600) * 1e6
"""Per million predictions at 2000 requests/s, on the common price table."""


def stated(amount, found=None):
    statement = Probe(subject=True, found=True, value=amount, detail="USD x per million")
    return {"repository": repository(cost_statement=statement), "stress": stress(found or capacity(2000))}


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("agrees", stated(MEASURED)),
        ("agrees", stated(MEASURED * 2.9)),
        ("agrees", stated(MEASURED / 2.9)),
        ("near", stated(MEASURED * 9)),
        ("near", stated(MEASURED / 9)),
        ("apart", stated(MEASURED * 11)),
        ("apart", stated(MEASURED / 11)),
        ("apart", stated(MEASURED, capacity(None))),
        ("none", {"repository": repository(cost_statement=False), "stress": stress()}),
        ("none", {"repository": repository(cost_statement=None), "stress": stress()}),
        ("unknown", stated(None)),
        ("unknown", {"repository": repository(), "stress": stress()}),
        ("unknown", stated(MEASURED, capacity(2000, void="a neighbour on the core"))),
        ("unknown", {**stated(MEASURED), "stress": stress().model_copy(update={"capacity": None})}),
        ("unknown", stated(MEASURED / 9, capacity(2000, limited_by="generator"))),
        ("near", stated(MEASURED * 9, capacity(2000, limited_by="generator"))),
        ("agrees", stated(MEASURED, capacity(2000, limited_by="highest_rate"))),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("cost_agreement", **evidence) == expected


def test_both_numbers_stand_in_the_sentence():
    said = judge("cost_agreement", **stated(0.02)).observed
    assert "stated: 0.02 per million (`USD x per million`)" in said and "measured: USD 0.0117 at 2000/s" in said and "1.7 x apart" in said
