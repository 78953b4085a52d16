from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("declared", {"repository": repository(pipeline_definition=True)}),
        ("none", {"repository": repository(pipeline_definition=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("pipeline_definition", **evidence) == expected
