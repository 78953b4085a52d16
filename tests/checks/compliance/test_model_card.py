from __future__ import annotations

import pytest

from checks.builders import level, repository, seen
from grader.schema.evidence import Probe

TWO_OF_FOUR = Probe(subject=True, found=False, detail="without content on: metrics, limitations", value=2.0)
"""As the scan says it: it calls a card found from three sections on."""


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"repository": repository(model_card=4)}),
        ("thin", {"repository": repository(model_card=2)}),
        ("thin", {"repository": repository(model_card=TWO_OF_FOUR)}),
        ("none", {"repository": repository(model_card=1)}),
        ("none", {"repository": repository(model_card=None)}),
        ("none", {"repository": repository(model_card=False)}),
        ("unknown", {"repository": repository()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("model_card", **evidence) == expected


def claim(metric: str, matches: float) -> dict[str, str | float]:
    return {"metric": metric, "says": 0.9, "matches": matches}


@pytest.mark.parametrize(
    ("expected", "claims"),
    [
        ("complete", []),
        ("complete", [claim("auc", 1.0), claim("brier", 1.0)]),
        ("complete", [claim("auc", 0.0), claim("auc", 1.0)]),
        ("other", [claim("auc", 0.0), claim("auc", 0.0)]),
        ("other", [claim("auc", 1.0), claim("brier", 0.0)]),
    ],
)
def test_a_card_of_another_model_is_told_by_its_figures(expected, claims):
    card = seen(*claims).model_copy(update={"value": 4.0})
    assert level("model_card", repository=repository(model_card=card)) == expected
