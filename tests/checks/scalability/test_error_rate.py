from __future__ import annotations

import pytest

from checks.builders import level, load, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("clean", {"load": load(window("steady", degraded=40))}),
        ("few", {"load": load(window("steady", errors={"error": 30}))}),
        ("many", {"load": load(window("steady", errors={"timeout": 300}))}),
        ("unknown", {"load": load(window("steady", sent=0))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("error_rate", **evidence) == expected
