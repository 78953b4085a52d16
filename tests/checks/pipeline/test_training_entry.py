from __future__ import annotations

import pytest

from checks.builders import level, repository


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("command", {"repository": repository(training_script=True, training_command=True)}),
        ("script", {"repository": repository(training_script=True, training_command=False)}),
        ("notebook", {"repository": repository(training_script=False, training_command=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("training_entry", **evidence) == expected
