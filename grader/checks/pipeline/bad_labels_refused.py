"""Do inverted labels (a join gone wrong) leave the served model as good as it was?"""

from __future__ import annotations

from grader.checks.analysis.feedback import refusal, retrained, unfit, worse_by
from grader.checks.api import Bars, Finding, measure, reached, unjudged, unmeasured
from grader.schema.evidence import FeedbackEvidence, ServedQuality


def check(feedback: FeedbackEvidence, bars: Bars) -> Finding:
    if trouble := unfit(feedback):
        return trouble
    if said := refusal(feedback):
        return unjudged("trusted", said)
    if retrained(feedback) is None:
        return unjudged("trusted", "nothing was ever retrained, so nothing was refused")
    parts = [feedback.segment(name) for name in ("held_out", "inverted", "settling", "after")]
    before, inverted, settling, after = parts
    if before is None or before.quality is None or inverted is None or not inverted.labels_sent or after is None or not after.sent:
        return unmeasured("no inverted labels were sent, or no rows after them")
    if after.quality is None:
        return reached("trusted", f"only {after.ok} of {after.sent} requests after the inverted labels were answered")
    seen = f"{inverted.labels_sent} inverted labels sent, {inverted.labels_taken} taken; avoidable loss {before.quality.excess:.4f} before"
    seen += f", {after.quality.excess:.4f} after; versions after: {', '.join(after.versions) or 'none'}"
    kept = measure("avoidable loss after", after.quality.excess, "Brier", n=after.quality.n)
    if _worse(after.quality, before.quality, bars):
        return reached("trusted", seen, kept)
    if settling and settling.quality and _worse(settling.quality, before.quality, bars):
        return reached("undone", f"{seen}; a worse model had answered in between", kept)
    return reached("refused", seen, kept)


def _worse(now: ServedQuality, before: ServedQuality, bars: Bars) -> bool:
    """Beyond chance and by more than a trifle."""
    errors, ratio = worse_by(now, before)
    return errors > bars["errors"] and ratio > bars["ratio"]
