from __future__ import annotations

import pytest

from checks.builders import boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("answers", {"boot": boot()}),
        ("missing", {"boot": boot(health_status=404, first_health_s=None)}),
        ("missing", {"boot": boot(health_status=None, first_health_s=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("liveness_route", **evidence) == expected
