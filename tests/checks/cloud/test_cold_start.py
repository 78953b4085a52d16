from __future__ import annotations

import pytest

from checks.builders import boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("prompt", {"boot": boot()}),
        ("fair", {"boot": boot(first_prediction_s=18.0)}),
        ("slow", {"boot": boot(first_prediction_s=45.0)}),
        ("never", {"boot": boot(first_prediction_s=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("cold_start", **evidence) == expected
