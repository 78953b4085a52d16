"""Does the new model take over without a failed request, once for all, and do all places name it then?"""

from __future__ import annotations

from grader.checks.analysis.feedback import refusal, retrained, serving, unfit
from grader.checks.analysis.version import named_beside
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import FeedbackEvidence, MetricsEvidence, VersionDocument


def check(feedback: FeedbackEvidence, metrics: MetricsEvidence, bars: Bars) -> Finding:
    if trouble := unfit(feedback):
        return trouble
    if said := refusal(feedback):
        return reached("none", said)
    switch = retrained(feedback)
    if switch is None:
        return reached("none", "no retrained model came up")
    lost = switch.near_failed / max(1, switch.near)
    silent = _silent(feedback.document("retrained"), set(_served(feedback)))
    seen = f"{switch.near_failed} of {switch.near} requests within {switch.near_s:g} s of the switch failed; {switch.old_answers} answers of"
    seen += f" {switch.before} to requests sent after the first of {switch.after}, in {switch.flips} changes"
    both = named_beside(metrics, switch.before, set(_served(feedback)))
    seen += f"; {' and '.join(silent)} did not name the new version" if silent else "" if both else "; answers, version route and metrics agree"
    seen += f"; {both} still says {switch.before} beside the new version" if both else ""
    figures = measure("failed", lost, "share", n=switch.near), measure("changes back and forth", switch.flips, "changes")
    if lost > bars["lost"] or (switch.flips > bars["flips"] and switch.old_answers_late):
        return reached("broken", seen, *figures)
    if switch.near_failed:
        return reached("lossy", seen, *figures)
    return reached("ragged" if silent or both or switch.flips > bars["flips"] else "clean", seen, *figures)


def _served(feedback: FeedbackEvidence) -> list[str]:
    """Versions that answered held-out rows: a second retraining may follow the first at once."""
    held_out = feedback.segment("held_out")
    return list(held_out.versions) if held_out and serving(held_out) else []


def _silent(told: VersionDocument | None, served: set[str]) -> list[str]:
    """The places that named none of the versions that answered."""
    route = {str((told.document or {}).get("model_version", ""))} if told else set()
    metrics = set(told.metric_versions) if told else set()
    return [name for name, named in (("the version route", route), ("the metrics", metrics)) if not named & served]
