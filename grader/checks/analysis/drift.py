"""From a kind's signals to its rung: alerted > ruled > lingering, passing, pending > measured > silent, less what crying wolf costs."""

from __future__ import annotations

from grader.checks.analysis.bounds import upper_bound
from grader.checks.analysis.rules import Ruled, seen_by_rules
from grader.checks.analysis.signals import Alarms, Heard, Signal, listen
from grader.checks.analysis.stretches import end_of
from grader.checks.api import Bars, measure, reached, unmeasured
from grader.schema.base import Culprit
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, PrometheusEvidence
from grader.schema.result import Finding, Measure
from grader.schema.rubric import FULL

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


def judged(drift: DriftEvidence, challenge: Challenge) -> tuple[Heard, list[Signal]] | Finding:
    """What was heard, and the runs that a sound monitor must notice, one per kind; or why there is nothing to judge."""
    if refusal := unfit(drift):
        return refusal
    heard = listen(drift, challenge)
    return (heard, list(heard.must)) if heard.must else unmeasured("no drift was streamed that a monitor must notice")


def noticed(drift: DriftEvidence, prometheus: PrometheusEvidence | None, challenge: Challenge, kind: str, bars: Bars) -> Finding:
    """How well one kind was noticed. `bars`: `few` false alarms are free, each one more takes one of `costs` parts of the credit."""
    if refusal := unfit(drift):
        return refusal
    heard = listen(drift, challenge)
    signal = heard.of(kind)
    if signal is None:
        return unmeasured(f"no {kind} drift was streamed that a monitor must notice")
    ruled = None if signal.episodes else seen_by_rules(drift, prometheus, signal.stretch)
    level = rung(signal, heard.alarms, ruled)
    extra = max(0.0, heard.alarms.count - bars["few"])
    says = f"{said(signal)}{_waited(ruled)}; {cried(heard.alarms)}"
    measures = [_delay(signal), alarm_measure(heard.alarms)]
    if level not in ("alerted", "lingering", "passing") or not extra:
        return reached(level, says, *measures)
    whole = FULL if level == "alerted" else FULL // 2
    return reached("restless", says, *measures, credit=round(whole * max(0.0, 1 - extra / bars["costs"])))


def rung(signal: Signal, alarms: Alarms, ruled: Ruled | None) -> str:
    """The level's name, false alarms short of always aside. An alert that is always up says as little as one that never comes."""
    if alarms.always_on:
        return "always_on"
    if signal.episodes and not alarms.guessing:
        return "passing" if signal.passing else "alerted" if signal.resolved else "lingering"
    if ruled is not None:
        return "ruled" if ruled.fires else "pending"
    if signal.gauges:
        return "measured"
    return "guessing" if signal.episodes else "silent"


def _waited(ruled: Ruled | None) -> str:
    if ruled is None:
        return ""
    fires = "fires where the drift lasts as long as it waits" if ruled.fires else "would not fire in a longer drift either, or could not be replayed"
    return f"; rule {ruled.rule} was active for {ruled.waited_s:g} s of it and {fires}"


def said(signal: Signal) -> str:
    """One clause: what was streamed, what was heard when."""
    stretch = signal.stretch
    streamed = f"{stretch.says}, {sum(w.sent for w in stretch.windows)} requests"
    if signal.episodes:
        gone = "resolved afterwards" if signal.resolved else "not resolved after the drift was over"
        gone = "resolved while the drift went on" if signal.passing else gone
        return f"{streamed}: alert {signal.episodes[0].name} after {signal.delay} requests, {gone}"
    wrong = f"; {signal.strays[0].name} blamed {signal.strays[0].feature}, before or at once with any right one" if signal.strays else ""
    unnamed = f"; {signal.unnamed[0].name} names no input, which a clock could do as well" if signal.unnamed else ""
    if signal.gauges:
        return f"{streamed}: no alert for it{wrong}{unnamed}, but {signal.gauges[0]} left its control range and came back"
    return f"{streamed}: no alert for it and no gauge that left its control range{wrong}{unnamed}"


def cried(alarms: Alarms) -> str:
    """One clause on false alarms: counts, with what they bound."""
    bound = upper_bound(alarms.up, alarms.controls)
    strays = f", {alarms.strays} more blamed an input that had not drifted" if alarms.strays else ""
    return f"{alarms.up} of {alarms.controls} clean windows had an alert (a true rate of at most {bound:.0%}){strays}"


def alarm_measure(alarms: Alarms) -> Measure:
    most = upper_bound(alarms.up, alarms.controls) * alarms.controls
    return measure("false alarms", alarms.up, "control windows", n=alarms.controls, low=0, high=most)


def _delay(signal: Signal) -> Measure:
    if signal.delay is None:
        return measure("alerts", 0, "", n=end_of(signal.stretch.windows[-1]) - signal.stretch.onset)
    return measure("delay", signal.delay, "requests")
