from __future__ import annotations

import pytest

from checks.builders import audit, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("agrees", {"audit": audit(fallbacks_sent=500, fallbacks_found=500, fallbacks_agree=500)}),
        ("mostly", {"audit": audit(fallbacks_sent=500, fallbacks_found=500, fallbacks_agree=20)}),
        ("agrees", {"audit": audit()}),
        ("mostly", {"audit": audit(scores_agree=950)}),
        ("differs", {"audit": audit(scores_agree=200)}),
        ("differs", {"audit": audit(predictions_found=0)}),
        ("unknown", {"audit": audit(predictions_sent=0)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("audit_agreement", **evidence) == expected
