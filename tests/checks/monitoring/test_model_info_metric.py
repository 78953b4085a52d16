from __future__ import annotations

import pytest

from checks.builders import contract, exposition, level, metrics


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("agrees", {"contract": contract(), "metrics": metrics(exposition(0), exposition(1))}),
        ("differs", {"contract": contract(versions=["2.0"]), "metrics": metrics(exposition(0), exposition(1))}),
        ("missing", {"contract": contract(), "metrics": metrics(None, None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("model_info_metric", **evidence) == expected
