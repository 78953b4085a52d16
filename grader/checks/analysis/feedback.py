"""Reading the experiment on late labels: what was calm, which switch answered the concept drift, which gauges and alerts spoke of quality.

Labels come late, so the calm lasts in label time until the shortest delay after the relation turned: no label of a turned row can have
arrived before that.
"""

from __future__ import annotations

import re
from math import hypot

from grader.checks.analysis.blame import OPERATIONAL
from grader.checks.analysis.signals import LOOP_S
from grader.checks.api import unmeasured
from grader.schema.base import Culprit
from grader.schema.evidence import Alert, FeedbackEvidence, FeedbackSegment, ServedQuality, VersionSwitch
from grader.schema.result import Finding

QUALITY = re.compile(r"brier|auc\b|auroc|accuracy|precision|recall|\bf1|log_?loss|calibration|quality|performance|residual|misfit|live_", re.I)
"""Names of gauges and alerts that speak of how good the scores are."""
OF_THE_DATA = re.compile(r"(?:score|prediction|output|input|data|feature|covariate)s?[_ -]?(?:drift|shift|psi|distribution)", re.I)
"""Names of alerts about what a model is given or says. Neither changes with the relation, so they speak of quality by chance only."""
CONCEPT = re.compile(r"concept|label", re.I)
NOT_QUALITY = re.compile(r"latency|duration|seconds|drift_score|psi|ks_|in_?flight|data_?quality", re.I)
MARGIN = 0.1
"""A gauge has moved where it leaves its calm range by the range itself and by a tenth of its size."""


def unfit(feedback: FeedbackEvidence) -> Finding | None:
    """Why the experiment may not be judged; None if it may."""
    if feedback.void:
        return unmeasured(f"the experiment on late labels is void: {feedback.void}", Culprit.HOST)
    concept = feedback.segment("concept")
    if feedback.labels_refused:
        return None
    if concept is None or not concept.sent or not concept.labels_sent:
        return unmeasured("no late label of the turned relation was sent")
    return None


def refusal(feedback: FeedbackEvidence) -> str:
    """The sentence for a service that takes no labels; empty where it takes them."""
    if not feedback.labels_refused:
        return ""
    statuses = sorted({status for segment in feedback.segments for status in segment.label_statuses})
    return f"none of the first {sum(s.labels_sent for s in feedback.segments)} labels was taken (status {', '.join(statuses)})"


def calm_end_s(feedback: FeedbackEvidence) -> float:
    """Until when nothing about labels was unusual."""
    concept = feedback.segment("concept")
    return concept.start_s + feedback.delay_s[0] if concept else 0.0


def concept_end_s(feedback: FeedbackEvidence) -> float:
    later = feedback.segment("held_out")
    return later.start_s if later else max((s.end_s for s in feedback.segments), default=0.0)


def calm_switches(feedback: FeedbackEvidence) -> list[VersionSwitch]:
    return [s for s in feedback.switches if s.at_s < calm_end_s(feedback)]


def retrained(feedback: FeedbackEvidence) -> VersionSwitch | None:
    """The first switch after labels told of the turned relation."""
    return next((s for s in feedback.switches if calm_end_s(feedback) <= s.at_s < concept_end_s(feedback)), None)


def worse_by(now: ServedQuality, before: ServedQuality) -> tuple[float, float]:
    """(how much more excess loss, in standard errors of the difference, and as a multiple of before)."""
    error = hypot(now.excess_se, before.excess_se)
    return (now.excess - before.excess) / max(error, 1e-9), now.excess / max(before.excess, 1e-9)


def moved_gauges(feedback: FeedbackEvidence) -> list[str]:
    """Quality gauges that left their calm range in at least two readings of the concept drift."""
    start, end = calm_end_s(feedback), concept_end_s(feedback)
    calm = [r.gauges for r in feedback.readings if r.at_s < start]
    turned = [r.gauges for r in feedback.readings if start <= r.at_s <= end]
    return [name for name in quality_gauges(feedback) if _moved([g[name] for g in calm if name in g], [g[name] for g in turned if name in g])]


def quality_gauges(feedback: FeedbackEvidence) -> list[str]:
    """Gauges by whose name quality is meant, and which said more than one thing."""
    names = sorted({name for reading in feedback.readings for name in reading.gauges})
    spoken = [n for n in names if QUALITY.search(n.split("{")[0]) and not NOT_QUALITY.search(n.split("{")[0])]
    return [n for n in spoken if len({reading.gauges[n] for reading in feedback.readings if n in reading.gauges}) > 1]


def _moved(calm: list[float], turned: list[float]) -> bool:
    if not calm or len(turned) < 2:
        return False
    low, high = min(calm), max(calm)
    margin = max(high - low, MARGIN * max(abs(low), abs(high)), 1e-6)
    return sum(not low - margin <= value <= high + margin for value in turned) >= 2


def quality_alerts(feedback: FeedbackEvidence) -> tuple[list[Alert], list[Alert]]:
    """(fired while all was calm, fired after it for the first time) of the alerts that blame no input: inputs did not change."""
    start = calm_end_s(feedback)
    fired = [a for a in feedback.alerts if a.status == "firing" and (QUALITY.search(a.name) or not a.labels.get("feature"))]
    about = [a for a in fired if QUALITY.search(a.name) or not (OPERATIONAL.search(a.name) or OF_THE_DATA.search(a.name))]
    calm = [a for a in about if a.at_s < start]
    names = {a.name for a in calm}
    return calm, [a for a in about if start <= a.at_s <= _heard_until_s(feedback, a) and a.name not in names]


def _heard_until_s(feedback: FeedbackEvidence, alert: Alert) -> float:
    """Until when an alert may be about the turned relation.

    Once the service has changed its own model, one that is not named after quality may speak of that: scores drift because another model
    gives them. The way through Prometheus takes its time, so what went wrong before the switch may be told after it.
    """
    end = concept_end_s(feedback)
    switch = retrained(feedback)
    if switch is None or QUALITY.search(alert.name) or CONCEPT.search(alert.name):
        return end
    return min(end, switch.at_s + (LOOP_S if alert.source == "alertmanager" else 0.0))


def switch_sentence(feedback: FeedbackEvidence, switch: VersionSwitch) -> str:
    concept = feedback.segment("concept")
    after = switch.at_s - concept.start_s if concept else 0.0
    return f"version {switch.before} gave way to {switch.after} {after:.1f} s after the relation turned, {switch.labels_taken} labels taken by then"


def serving(segment: FeedbackSegment | None) -> str:
    """The version that gave most answers."""
    return max(segment.versions, key=lambda name: segment.versions[name], default="") if segment else ""
