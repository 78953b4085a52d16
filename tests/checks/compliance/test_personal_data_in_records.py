from __future__ import annotations

import pytest

from checks.builders import audit, judge, level, sound_metrics
from grader.schema.evidence import AuditEvidence, MetricsEvidence

SILENT = MetricsEvidence(scrapes=[], truths=[])
ABSENT = audit(exists=False)


def exposed(found: int | None) -> MetricsEvidence:
    return sound_metrics().model_copy(update={"canaries_found": found})


@pytest.mark.parametrize(
    ("expected", "metrics", "trail"),
    [
        ("clean", exposed(0), audit(canaries_found=0)),
        ("clean", exposed(0), ABSENT),
        ("clean", SILENT, audit(canaries_found=0)),
        ("leaks", exposed(1), audit(canaries_found=0)),
        ("leaks", exposed(0), audit(canaries_found=3)),
        ("leaks", exposed(None), audit(canaries_found=3)),
        ("no_record", SILENT, ABSENT),
        ("unknown", exposed(None), ABSENT),
        ("unknown", SILENT, audit(canaries_found=None)),
    ],
)
def test_the_level_follows_the_evidence(expected: str, metrics: MetricsEvidence, trail: AuditEvidence) -> None:
    assert level("personal_data_in_records", metrics=metrics, audit=trail) == expected


def test_it_says_where_they_stand() -> None:
    found = judge("personal_data_in_records", metrics=exposed(2), audit=audit(canaries_found=0))
    assert found.observed == "personal values that we sent: 2 in the metrics, 0 in the audit file"
