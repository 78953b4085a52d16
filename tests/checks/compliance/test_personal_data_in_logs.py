from __future__ import annotations

import pytest

from checks.builders import level, logs


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("clean", {"logs": logs()}),
        ("leaks", {"logs": logs(canaries_found=2)}),
        ("no_log", {"logs": logs(lines=0)}),
        ("unknown", {"logs": logs(canaries_sent=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("personal_data_in_logs", **evidence) == expected
