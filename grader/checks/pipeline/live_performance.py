"""Does the live quality of the scores show when the relation between inputs and labels turns?"""

from __future__ import annotations

from grader.checks.analysis.feedback import calm_end_s, moved_gauges, quality_alerts, quality_gauges, refusal, unfit
from grader.checks.api import Finding, measure, reached
from grader.schema.evidence import FeedbackEvidence


def check(feedback: FeedbackEvidence) -> Finding:
    if trouble := unfit(feedback):
        return trouble
    if said := refusal(feedback):
        return reached("silent", said)
    cried, heard = quality_alerts(feedback)
    moved, spoken = moved_gauges(feedback), quality_gauges(feedback)
    calm = "; an alert had fired while all was calm" if cried else ""
    if heard and not cried:
        after = heard[0].at_s - calm_end_s(feedback)
        return reached("alerted", f"alert {heard[0].name} {after:.1f} s after the first late label", measure("alert after", after, "s"))
    if moved:
        return reached("moved", f"no alert of its own, but {moved[0]} left its calm range{calm}")
    if spoken or heard:
        return reached("shown", f"{spoken[0] if spoken else heard[0].name} speaks of quality, but the turned relation does not stand out{calm}")
    return reached("silent", "no gauge and no alert speaks of the quality of live scores")
