"""Is the retrained model better than the old one on labelled rows that it never saw?"""

from __future__ import annotations

from grader.checks.analysis.feedback import refusal, retrained, unfit, worse_by
from grader.checks.api import Bars, Finding, measure, reached, unjudged, unmeasured
from grader.schema.evidence import FeedbackEvidence


def check(feedback: FeedbackEvidence, bars: Bars) -> Finding:
    if trouble := unfit(feedback):
        return trouble
    if said := refusal(feedback):
        return unjudged("none", said)
    switch = retrained(feedback)
    if switch is None:
        return unjudged("none", "no retrained model came up")
    concept, held_out = feedback.segment("concept"), feedback.segment("held_out")
    if concept is None or held_out is None or not held_out.sent:
        return unmeasured("no held-out rows were sent")
    old, new = concept.by_version.get(switch.before), held_out.quality
    if new is None:
        return reached("none", f"only {held_out.ok} of {held_out.sent} held-out rows were answered")
    if old is None:
        return unmeasured("the old model answered too few rows of the turned relation to be compared with")
    errors, ratio = worse_by(new, old)
    gained = 1 - ratio
    seen = f"avoidable loss {old.excess:.4f} before, {new.excess:.4f} after, {-errors:.1f} standard errors better, over {new.n} held-out rows"
    seen += f"; Brier {old.brier:.4f} +- {old.brier_se:.4f} and {new.brier:.4f} +- {new.brier_se:.4f}"
    seen += f", base rate {new.base_brier:.4f}, best reachable {new.reference_brier:.4f}"
    clear = -errors >= bars["errors"]
    level = "clear" if clear and gained >= bars["clear"] else "some" if clear and gained >= bars["some"] else "none"
    return reached(level, seen, measure("avoidable loss removed", gained, "share", n=new.n))
