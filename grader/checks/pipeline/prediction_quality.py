"""Does the served score beat always answering the base rate, on labelled rows of the control windows?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import DriftEvidence


def check(drift: DriftEvidence, bars: Bars) -> Finding:
    quality = drift.quality
    if quality is None or quality.n < bars["least"]:
        return unmeasured("too few labelled predictions were answered to judge their quality")
    ratio = quality.brier / quality.base_brier
    level = up_to(ratio, (bars["beats"], "beats"), (bars["near"], "near"), beyond="worse")
    seen = f"Brier {quality.brier:.4f} against {quality.base_brier:.4f} for the base rate over {quality.n} labelled rows"
    seen += f"; AUC {quality.auc:.3f}, the reachable best is {quality.reference_auc:.3f}"
    return reached(level, seen, measure("Brier", quality.brier, "Brier", n=quality.n), measure("AUC", quality.auc, "AUC", n=quality.n))
