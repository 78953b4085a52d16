from __future__ import annotations

import pytest

from checks.builders import boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("truthful", {"boot": boot()}),
        ("blinks", {"boot": boot(ready_before_prediction=1)}),
        ("lies", {"boot": boot(ready_before_prediction=7)}),
        ("lies", {"boot": boot(first_prediction_s=None)}),
        ("lies", {"boot": boot(first_ready_s=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("readiness_truthfulness", **evidence) == expected
