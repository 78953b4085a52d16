"""Is the distribution of served scores exposed, and is it true?"""

from __future__ import annotations

from math import sqrt

from grader.checks.analysis.metrics import busiest, score_distributions
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import MetricsEvidence


def check(metrics: MetricsEvidence, challenge: Challenge, bars: Bars) -> Finding:
    between = busiest(metrics)
    if isinstance(between, Finding):
        return between
    found = score_distributions(between, challenge) if between else []
    if between is None or not found or found[0].mean is None or between.truth.score_mean is None:
        return reached("missing", "no distribution of scores moved under load")
    own, mean, truth = found[0], found[0].mean, between.truth
    ours = between.truth.score_mean
    slack = 3 * (truth.score_sd or 0.0) / sqrt(max(1, truth.score_n)) + bars["slack"] * ours
    seen = f"{own.name}: mean {mean:.4f} over {own.count:.0f} scores; we received {ours:.4f} over {truth.score_n}"
    figures = measure("mean exposed", mean, "score"), measure("mean received", ours, "score", n=truth.score_n)
    if abs(mean - ours) > slack or own.broken:
        return reached("untrue", f"{seen}{'; ' + own.broken if own.broken else ''}", *figures)
    useful = sum(0 < bound <= 1 for bound in own.bounds)
    if useful < bars["buckets"]:
        return reached("coarse", f"{seen}; {useful} buckets between 0 and 1", *figures)
    return reached("true", f"{seen}; {useful} buckets between 0 and 1", *figures)
