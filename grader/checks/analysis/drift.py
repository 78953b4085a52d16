"""From a kind's signals to its rung: alerted > ruled > measured > silent, less what crying wolf costs."""

from __future__ import annotations

from grader.checks.analysis.probes import holds
from grader.checks.analysis.signals import Signal, Stretch, end_of, false_alarms, signal_of, stretch_of
from grader.checks.api import measure, reached, unmeasured
from grader.schema.base import Culprit
from grader.schema.evidence import DriftEvidence, RepositoryEvidence
from grader.schema.result import Finding

MIN_CONTROLS = 3
"""Fewer clean windows say nothing about false alarms."""


def unfit(drift: DriftEvidence) -> Finding | None:
    """Why the experiment as a whole may not be judged; None if it may."""
    if drift.void:
        return unmeasured(f"the drift experiment is void: {drift.void}", Culprit.HOST)
    controls = sum(w.phase == "control" and w.sent > 0 for w in drift.windows)
    if controls < MIN_CONTROLS:
        return unmeasured(f"only {controls} control windows were streamed, {MIN_CONTROLS} are the least to judge by")
    return None


def noticed(drift: DriftEvidence, repository: RepositoryEvidence, kind: str, *, few: float, many: float) -> Finding:
    """How well one kind was noticed. `few` false alarms are free, more than `many` leave next to nothing."""
    if refusal := unfit(drift):
        return refusal
    stretch = stretch_of(drift, kind)
    if stretch is None:
        return unmeasured(f"no {kind} drift was streamed")
    signal = signal_of(drift, stretch)
    alarms, controls = false_alarms(drift)
    level = rung(signal, alarms, controls, few=few, many=many, ruled=_has_rules(repository))
    silent = measure("alerts", 0, "", n=end_of(stretch.windows[-1]) - stretch.onset)
    heard = silent if signal.delay is None else measure("delay", signal.delay, "requests")
    measures = [heard, measure("false alarms", alarms, "control windows", n=controls)]
    return reached(level, said(drift, signal, alarms, controls), *measures)


def rung(signal: Signal, alarms: int, controls: int, *, few: float, many: float, ruled: bool) -> str:
    """The level's name. An alert that is always up says as little as one that never comes."""
    if signal.episodes or alarms:
        if alarms >= controls:
            return "always_on"
        if signal.episodes:
            return _alerted(signal, alarms, few, many)
    if signal.gauges:
        return "ruled" if ruled else "measured"
    return "silent"


def _alerted(signal: Signal, alarms: int, few: float, many: float) -> str:
    if alarms > many or (alarms > few and not signal.resolved):
        return "noisy"
    if alarms > few:
        return "restless"
    return "alerted" if signal.resolved else "lingering"


def said(drift: DriftEvidence, signal: Signal, alarms: int, controls: int) -> str:
    """One sentence: what was streamed, what was heard when, what cried wolf."""
    stretch = signal.stretch
    streamed = _streamed(drift, stretch)
    cried = f"; {alarms} of {controls} clean windows had an alert"
    if signal.episodes:
        gone = "resolved afterwards" if signal.resolved else "not resolved after the drift was over"
        return f"{streamed}: alert {signal.episodes[0].name} after {signal.delay} requests, {gone}{cried}"
    if signal.gauges:
        return f"{streamed}: no alert, but {signal.gauges[0]} left its control range and came back{cried}"
    return f"{streamed}: no alert fired and no gauge left its control range{cried}"


def _streamed(drift: DriftEvidence, stretch: Stretch) -> str:
    rows = sum(w.sent for w in stretch.windows)
    return f"{stretch.kind} drift of {stretch.feature} (severity {drift.severities.get(stretch.kind, 0):g}, {rows} requests)"


def _has_rules(repository: RepositoryEvidence) -> bool:
    return (rules := repository.probes.get("alert_rules_feature_label")) is not None and holds(rules)
