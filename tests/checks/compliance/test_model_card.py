from __future__ import annotations

import pytest

from checks.builders import level, repository
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
