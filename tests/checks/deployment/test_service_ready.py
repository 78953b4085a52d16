from __future__ import annotations

import pytest

from checks.builders import boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fast", {"boot": boot(first_ready_s=9.9)}),
        ("fair", {"boot": boot(first_ready_s=10.1)}),
        ("slow", {"boot": boot(first_ready_s=40.0)}),
        ("never", {"boot": boot(first_ready_s=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("service_ready", **evidence) == expected
