"""What the candidate's own alert rules did under a drift, in a real Prometheus: pending, firing, and how long the way to the webhook was."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from grader.checks.analysis.blame import OPERATIONAL, blamed
from grader.checks.analysis.quantiles import upside_down
from grader.checks.analysis.signals import LOOP_S
from grader.checks.analysis.stretches import Stretch
from grader.schema.evidence import Alert, AlertStretch, DriftEvidence, DriftWindow, PrometheusEvidence, Replay

ON_ERRORS = re.compile(r"error|5xx|fail|unavailab|availability|budget|burn", re.I)
NOT_OF_REQUESTS = re.compile(r"latency|slow|train|label|feedback|audit|job|batch|backup|scrape|deploy", re.I)
"""Names of alerts whose cause may last while every prediction is answered."""

MIN_CONTROLS = 3

STEP_S = 1.0
"""States are read back at this step, so one may seem to begin after the alert that it sent."""


@dataclass(frozen=True)
class Ruled:
    """A rule that saw a drift: active within it and gone after it. `fires`: it fired, or does where its time is stretched by a replay."""

    rule: str
    waited_s: float
    fires: bool


@dataclass(frozen=True)
class Loop:
    """The way of one alert in seconds since the drift's onset: active in Prometheus, at the webhook; and since the drift's end: resolved there.

    `resolved_s` is None where it was not resolved after the drift: never, or before its end already (a weak drift may flap).
    """

    alert: str
    active_s: float | None
    webhook_s: float
    resolved_s: float | None


def seen_by_rules(drift: DriftEvidence, prometheus: PrometheusEvidence | None, stretch: Stretch) -> Ruled | None:
    """The rule that saw this drift best, if one did without an alert reaching anybody."""
    if prometheus is None:
        return None
    begin, end = stretch.windows[0].start_s, stretch.windows[-1].end_s
    over = stretch.recovery[-1].end_s if stretch.recovery else end
    late = drift.window / drift.rate_rps + LOOP_S
    found = []
    for state in prometheus.alerts:
        within = begin < state.start_s <= end + LOOP_S and state.end_s <= over + late
        if within and _answers(state, stretch, drift.fields):
            fires = state.state == "firing" or any(_confirms(replay, state) for replay in prometheus.replays)
            found.append(Ruled(state.name, round(state.end_s - state.start_s, 1), fires))
    return max(found, key=lambda ruled: (ruled.fires, ruled.waited_s), default=None)


def stuck(prometheus: PrometheusEvidence, drift: DriftEvidence) -> set[str]:
    """Rules on errors that fired through every control window, though every request of all of these was answered; and rules on a latency that
    is *below* a bound that were active in all of them since there was a rate to tell it from."""
    controls = [w for w in drift.windows if w.phase == "control" and w.sent]
    if len(controls) < MIN_CONTROLS or any(w.ok < w.sent for w in controls):
        return set()
    firing = [a for a in prometheus.alerts if a.state == "firing" and ON_ERRORS.search(a.name) and not NOT_OF_REQUESTS.search(a.name)]

    def held(name: str, window: DriftWindow) -> bool:
        return any(a.name == name and a.start_s <= window.start_s and a.end_s >= window.end_s for a in firing)

    turned = {rule.name for rule in prometheus.rules if rule.kind == "alerting" and upside_down(rule.expr)}
    always = {name for name in {a.name for a in firing} if all(held(name, window) for window in controls)}
    return always | {name for name in turned if _held_since([a for a in prometheus.alerts if a.name == name], controls)}


def _held_since(states: list[AlertStretch], controls: list[DriftWindow]) -> bool:
    """Whether an alert was pending or firing from its first moment through all control windows behind it. One that waits for a minute may not
    fire within a short experiment, and has seen its condition hold all the same."""
    begin = until = min((state.start_s for state in states), default=0.0)
    for state in sorted(states, key=lambda state: state.start_s):
        if state.start_s <= until + STEP_S:
            until = max(until, state.end_s)
    behind = [window for window in controls if window.start_s >= begin - STEP_S]
    return bool(states) and len(behind) >= MIN_CONTROLS and all(window.end_s <= until + STEP_S for window in behind)


def loops(drift: DriftEvidence, prometheus: PrometheusEvidence | None, stretch: Stretch) -> list[Loop]:
    """Alerts that our Alertmanager delivered for this drift, first come first."""
    begin, end = stretch.windows[0].start_s, stretch.windows[-1].end_s
    until = stretch.recovery[-1].end_s if stretch.recovery else end
    late = drift.window / drift.rate_rps + LOOP_S
    told = [a for a in drift.alerts if a.source == "alertmanager" and _blames(a, stretch, drift.fields)]
    found = []
    for alert in (a for a in told if a.status == "firing" and begin < a.at_s <= until):
        resolved = next((a.at_s for a in told if a.status == "resolved" and a.name == alert.name and end <= a.at_s <= until + late), None)
        states = [s.start_s for s in prometheus.alerts if s.name == alert.name and begin < s.start_s <= alert.at_s + STEP_S] if prometheus else []
        active = round(min(*states, alert.at_s) - begin, 2) if states else None
        found.append(Loop(alert.name, active, round(alert.at_s - begin, 2), None if resolved is None else round(resolved - end, 2)))
    return found[:1]


def _answers(state: AlertStretch, stretch: Stretch, fields: Collection[str]) -> bool:
    return _blames(Alert(name=state.name, status="firing", labels=state.labels, at_s=state.start_s, request=0), stretch, fields)


def _blames(alert: Alert, stretch: Stretch, fields: Collection[str]) -> bool:
    feature = blamed(alert, fields)
    if OPERATIONAL.search(alert.name) and not feature:
        return False
    return not stretch.feature or feature == stretch.feature


def _confirms(replay: Replay, state: AlertStretch) -> bool:
    """Is this the replay of that wait?"""
    same = replay.rule == state.name and replay.from_s <= state.end_s and replay.to_s >= state.start_s
    return same and replay.fired and all(state.labels.get(key) == value for key, value in replay.labels.items() if key in state.labels)
