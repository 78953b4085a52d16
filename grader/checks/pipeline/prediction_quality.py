"""Does the served score beat always answering the base rate, on labelled rows of the control windows, and does it mean what it says?

A model that was fitted to the training rows answers, on average, the share of frauds, however little it knows: control traffic is drawn
as they were. A feature that serving makes otherwise than training (another unit, a default, a stale table) shifts that average, so this
finds skew without blaming a model for being weak.
"""

from __future__ import annotations

from math import sqrt

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import DriftEvidence, ModelQuality


def check(drift: DriftEvidence, bars: Bars) -> Finding:
    quality = drift.quality
    if quality is None or quality.n < bars["least"]:
        return unmeasured("too few labelled predictions were answered to judge their quality")
    ratio = quality.brier / quality.base_brier
    level = up_to(ratio, (bars["beats"], "beats"), (bars["near"], "near"), beyond="worse")
    seen = f"Brier {quality.brier:.4f} against {quality.base_brier:.4f} for the base rate over {quality.n} labelled rows"
    seen += f"; AUC {quality.auc:.3f}, the reachable best is {quality.reference_auc:.3f}"
    said, off = _average(drift, quality)
    if abs(off) > bars["off"]:
        level = "skewed" if level == "beats" else level
        seen += f"; scores average {said:.4f} where {quality.positives / quality.n:.4f} are frauds, {abs(off):.1f} standard errors apart"
    return reached(level, seen, measure("Brier", quality.brier, "Brier", n=quality.n), measure("AUC", quality.auc, "AUC", n=quality.n))


def _average(drift: DriftEvidence, quality: ModelQuality) -> tuple[float, float]:
    """(mean score over the control windows, its distance from the share of frauds in standard errors of that share).

    The variance is that of the larger of the two: the smaller would call the same distance more certain on one side than on the other.
    """
    control = [(w.mean_score, w.ok) for w in drift.windows if w.phase == "control" and w.mean_score is not None and w.ok]
    frauds = quality.positives / quality.n
    said = sum(score * ok for score, ok in control) / sum(ok for _, ok in control) if control else frauds
    larger = min(max(said, frauds), 0.5)
    return said, (said - frauds) / sqrt(larger * (1 - larger) / quality.n)
