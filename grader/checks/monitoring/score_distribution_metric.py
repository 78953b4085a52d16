"""Is the distribution of served scores exposed, and is it true?"""

from __future__ import annotations

from math import sqrt

from grader.checks.analysis.lies import one_bucket
from grader.checks.analysis.metrics import Distribution, busiest, score_distributions
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import MetricsEvidence, SentTruth


def check(metrics: MetricsEvidence, challenge: Challenge, bars: Bars) -> Finding:
    between = busiest(metrics)
    if isinstance(between, Finding):
        return between
    found = score_distributions(between, challenge) if between else []
    if between is None or not found or found[0].mean is None or between.truth.score_mean is None:
        return reached("missing", "no distribution of scores moved under load")
    own, mean, truth = found[0], found[0].mean, between.truth
    ours = between.truth.score_mean
    seen = f"{own.name}: mean {mean:.4f} over {own.count:.0f} scores; we received {ours:.4f} over {truth.score_n}"
    figures = measure("mean exposed", mean, "score"), measure("mean received", ours, "score", n=truth.score_n)
    useful = sum(0 < bound <= 1 for bound in own.bounds)
    if lie := _lie(own, mean, ours, truth, bars):
        return reached("untrue", f"{seen}; {lie}", *figures)
    missed = truth.score_n - own.count
    gap = f"; {missed:.0f} are not observed, which is fine for fallback answers if a document says so" if missed > bars["spare"] else ""
    level = "coarse" if useful < bars["buckets"] else "true"
    return reached(level, f"{seen}; {useful} buckets between 0 and 1{gap}", *figures)


def _lie(own: Distribution, mean: float, ours: float, truth: SentTruth, bars: Bars) -> str | None:
    """Which lie it tells, if any."""
    spread = truth.score_sd or 0.0
    slack = 3 * spread / sqrt(max(1, truth.score_n)) + bars["slack"] * ours
    room = max(bars["spare"], bars["count"] * truth.score_n)
    width = one_bucket(own)
    constant = width is not None and spread > width / 2  # no values within a width spread further than half of it
    lies = (
        (own.broken is not None, own.broken or ""),
        (constant, f"it is constant: all in one bucket, while what we received has a standard deviation of {spread:.3f}"),
        (abs(mean - ours) > slack, f"its mean is off by {abs(mean - ours):.4f}, beyond chance ({slack:.4f})"),
        (own.count - truth.score_n > room, "more scores are observed than were served: other or repeated ones are in it"),
        (truth.score_n - own.count > bars["missed"] * truth.score_n, "most of the served scores are not in it"),
    )
    return next((said for lie, said in lies if lie), None)
