from __future__ import annotations

import pytest

from checks.builders import contract, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("named", {"contract": contract()}),
        ("placeholder", {"contract": contract(versions=["unknown"])}),
        ("unnamed", {"contract": contract(versions=[])}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("version_in_answers", **evidence) == expected
