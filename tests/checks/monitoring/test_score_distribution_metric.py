from __future__ import annotations

import pytest

from checks.builders import exposition, judge, level, metrics, sound_metrics, summary


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


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (metrics(exposition(0), exposition(3000, score_sum=240)), "its mean is off by 0.0200, beyond chance"),
        (metrics(exposition(0), exposition(3000, most=3000, nearly=3000)), "it is constant"),
        (metrics(exposition(0), exposition(6000)), "more scores are observed than were served"),
        (metrics(exposition(0), exposition(900)), "most of the served scores are not in it"),
        (metrics(exposition(0), exposition(2400)), "600 are not observed, which is fine for fallback answers"),
    ],
)
def test_a_lie_is_called_by_its_name(evidence, said):
    assert said in judge("score_distribution_metric", metrics=evidence).observed


def test_scores_that_are_left_out_of_it_cost_nothing_while_the_mean_agrees():
    assert level("score_distribution_metric", metrics=metrics(exposition(0), exposition(2400))) == "true"
