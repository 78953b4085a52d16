from __future__ import annotations

import pytest

from checks.builders import exposition, level, metrics, sound_metrics, summary


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("true", sound_metrics()),
        ("coarse", metrics(summary("fraud_score", 0, 0.06), summary("fraud_score", 3000, 0.06))),
        ("untrue", metrics(exposition(0), exposition(3000, score_sum=1500))),
        ("missing", metrics(exposition(3000), exposition(3000))),
        ("missing", metrics()),
        ("unknown", metrics(truths=[])),
    ],
)
def test_the_mean_is_held_against_the_scores_we_received(expected, evidence):
    assert level("score_distribution_metric", metrics=evidence) == expected
