from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("described", {"repository": repository(artifact_metadata=True)}),
        ("bare", {"repository": repository(artifact_metadata=None)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("artifact_metadata", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("described", []),
        ("described", [{"file": "m.bin", "matches": 1}]),
        ("other", [{"file": "m.bin", "matches": 0}]),
        ("described", [{"file": "m.bin", "matches": 0}, {"file": "m.bin", "matches": 1}]),
        ("other", [{"file": "m.bin", "matches": 0}, {"file": "n.bin", "matches": 1}]),
        ("other", [{"file": "models", "matches": 1, "apart": "auc: 0.92 and 0.82"}]),
        ("flattered", [{"flattered": 1}]),
        ("other", [{"flattered": 1}, {"file": "m.bin", "matches": 0}]),
    ],
)
def test_a_digest_of_another_model_describes_another_model(expected, facts):
    assert level("artifact_metadata", repository=repository(artifact_metadata=seen(*facts))) == expected
