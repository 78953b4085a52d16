from __future__ import annotations

import pytest

from checks.builders import audit, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", {"audit": audit(fallbacks_sent=500, fallbacks_found=500, fallbacks_agree=500)}),
        ("gaps", {"audit": audit(fallbacks_sent=500, fallbacks_found=20)}),
        ("complete", {"audit": audit()}),
        ("gaps", {"audit": audit(predictions_found=800)}),
        ("none", {"audit": audit(predictions_found=10)}),
        ("none", {"audit": audit(exists=False, predictions_found=0)}),
        ("complete", {"audit": audit(duplicates=9)}),
        ("doubled", {"audit": audit(duplicates=1000)}),
        ("gaps", {"audit": audit(predictions_found=800, duplicates=800)}),
        ("unknown", {"audit": audit(predictions_sent=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("audit_trail", **evidence) == expected
