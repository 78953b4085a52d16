from __future__ import annotations

import pytest

from checks.builders import audit, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"audit": audit()}),
        ("some", {"audit": audit(with_fields={"transaction_id": 1000, "time": 1000, "score": 1000, "degraded": 3})}),
        ("complete", {"audit": audit(digests=900, times_off=3)}),
        ("some", {"audit": audit(digests=1, times_off=0)}),
        ("some", {"audit": audit(digests=1000, times_off=1000)}),
        ("none", {"audit": audit(with_fields={"transaction_id": 1000, "time": 0})}),
        ("none", {"audit": audit(predictions_found=0)}),
        ("unknown", {"audit": audit(predictions_sent=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("audit_fields", **evidence) == expected
