from __future__ import annotations

import pytest

from checks.builders import MIB, boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("lean", {"boot": boot()}),
        ("fair", {"boot": boot(idle_memory_bytes=300 * MIB)}),
        ("heavy", {"boot": boot(idle_memory_bytes=450 * MIB)}),
        ("unknown", {"boot": boot(idle_memory_bytes=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("idle_footprint", **evidence) == expected
