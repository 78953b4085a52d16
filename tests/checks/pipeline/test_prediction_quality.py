from __future__ import annotations

import numpy as np
import pytest

from checks.builders import RULES, drift, level, quality
from grader.schema.evidence import DriftEvidence


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("beats", {"drift": drift(quality=quality())}),
        ("near", {"drift": drift(quality=quality(brier=0.058))}),
        ("worse", {"drift": drift(quality=quality(brier=0.34))}),
        ("unknown", {"drift": drift(quality=quality(n=40))}),
        ("unknown", {"drift": drift()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("prediction_quality", **evidence) == expected


def averaging(score: float, frauds: int = 180, n: int = 3000, **facts: float) -> DriftEvidence:
    """Six control windows of 500 whose scores average `score`, on rows of which `frauds` are frauds; drifted windows say nothing here."""
    seen = drift(quality=quality(n=n, **facts).model_copy(update={"positives": frauds}))
    windows = [w.model_copy(update={"mean_score": score if w.phase == "control" else 0.5}) for w in seen.windows]
    return seen.model_copy(update={"windows": windows})


@pytest.mark.parametrize(
    ("expected", "score", "facts"),
    [
        ("skewed", 0.1251, {"brier": 0.0532}),  # natural logarithms in training, decimal ones in serving
        ("skewed", 0.0365, {"brier": 0.0496}),  # amount and distance_km changed places
        ("skewed", 0.002, {"brier": 0.0555}),  # standardised in training only
        ("worse", 0.42, {"brier": 0.16}),  # cents for euros
        ("beats", 0.062, {"brier": 0.0545, "auc": 0.66}),  # a weak model
        ("beats", 0.0565, {"brier": 0.052, "auc": 0.74}),  # the model of a fallback, from transactions alone
        ("beats", 0.048, {"brier": 0.047}),  # fitted on rows with few frauds
    ],
)
def test_scores_that_do_not_average_the_share_of_frauds_were_made_of_other_features_than_in_training(expected, score, facts):
    assert level("prediction_quality", drift=averaging(score, **facts)) == expected


def test_a_calibrated_model_is_blamed_less_than_once_in_a_thousand_runs():
    """Both means are drawn: that of the rows it answers, and that of the 3,000 rows it was fitted to, half of what every candidate gets."""
    rng = np.random.default_rng(3)
    for n, rate in ((2400, 0.062), (3000, 0.055), (3000, 0.065), (3600, 0.062)):
        frauds, fitted = rng.binomial(n, rate, 100_000), rng.binomial(3000, rate, 100_000) / 3000
        larger = np.maximum(frauds / n, fitted)
        off = np.abs(fitted - frauds / n) / np.sqrt(larger * (1 - larger) / n)
        assert np.mean(off > RULES["prediction_quality"].bars["off"]) < 1e-3


def test_windows_without_an_answer_are_left_out():
    evidence = averaging(0.06)
    silent = evidence.windows[1].model_copy(update={"mean_score": None, "ok": 0})
    assert level("prediction_quality", drift=evidence.model_copy(update={"windows": [evidence.windows[0], silent, *evidence.windows[2:]]})) == "beats"
