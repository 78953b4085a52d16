from __future__ import annotations

import pytest

from checks.builders import level, logs


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("traceable", {"logs": logs()}),
        ("json", {"logs": logs(with_request_id=0)}),
        ("mixed", {"logs": logs(json_lines=500)}),
        ("leaking", {"logs": logs(canaries_found=3)}),
        ("plain", {"logs": logs(json_lines=0)}),
        ("plain", {"logs": logs(lines=0, json_lines=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("structured_logs", **evidence) == expected
