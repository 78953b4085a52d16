"""What a candidate's monitor said, set against what we streamed when. Pure; shared by every drift and alert check.

An alert is an *episode*: it fires at one request of the experiment and ends at another, or never. Repeated `firing` posts of the same
alert (name and feature) are one episode, which ends when each set of labels that fired has been resolved: that is how an Alertmanager
tells alerts apart, so one with a value or a time among its labels never ends there. A monitor with windows of its own is misaligned
with ours and may run beside the service, so a signal may come one window and two seconds late. Gauges are compared with their own range
over the control windows.

A request counter that guesses the schedule looks like a monitor, but it cannot know which feature was drawn: an alert answers a drift
only if it names the drifted feature, and one that names another feature that might have been drawn is a false alarm as much as one on clean data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from grader.checks.analysis.blame import OPERATIONAL, blamed
from grader.checks.analysis.gauges import moved_gauges
from grader.checks.analysis.stretches import Stretch, end_of, stretches
from grader.schema.challenge import Challenge
from grader.schema.evidence import Alert, DriftEvidence

ASIDE_S = 2.0
"""A monitor in a process of its own may look every second or two."""

LOOP_S = 3.0
"""What the way through Prometheus adds: up to a second each until the next scrape and the next evaluation, and the Alertmanager's own;
from a gauge's step to the webhook it took 1.3 s at best."""

AT_ONCE = 50
"""Requests. A run in which another feature was blamed before the right one, or at once with it, is not answered: of several guesses one is right."""

SEVERAL = 3
"""Drifts that must be noticed, from which on a single right name may be luck."""

URGENCY = re.compile(r"severity$|priority$|level$|urgency$", re.I)

HELD = 0.5
"""Least share of the rest of a drift over which its alert must be up. One that compares with the window before is up for the step alone."""

JUDGED = 2
"""Windows: a shorter rest of a drift says nothing about whether its alert holds."""

LATEST = 2500
"""Requests after the onset beyond which an alert answers nothing: without a bound any late guess would be an answer."""


@dataclass(frozen=True)
class Episode:
    """One alert from its first `firing` to its `resolved` (None: never), in requests of the experiment."""

    name: str
    feature: str
    start: int
    end: int | None
    source: str = "webhook"


@dataclass(frozen=True)
class Signal:
    """What was heard about one run. `delay` is in requests since the onset.

    `unnamed` episodes blame nothing, `strays` a feature that might have been drawn and was not. `passing`: the alert was over long
    before the drift was, so it told of the step only, and then said that all was well.
    """

    stretch: Stretch
    episodes: tuple[Episode, ...]
    resolved: bool
    delay: int | None
    gauges: tuple[str, ...]
    unnamed: tuple[Episode, ...] = ()
    strays: tuple[Episode, ...] = ()
    passing: bool = False

    @property
    def blamed(self) -> frozenset[str]:
        return frozenset(e.feature for e in (*self.episodes, *self.strays) if e.feature)


@dataclass(frozen=True)
class Alarms:
    """False alarms. `up` of `controls` clean windows had an alert that began on clean data; `strays` blamed a wrong feature under a drift;
    `clean` episodes began on clean data anywhere in the stream; `answered` of the `must` drifts that must be noticed were named."""

    up: int
    controls: int
    strays: int
    clean: int
    answered: int
    must: int

    @property
    def count(self) -> int:
        """What a score counts. The drifted stretches are many times the control windows, so one stray alarm among them is free."""
        return self.up + max(0, self.strays - 1)

    @property
    def always_on(self) -> bool:
        return self.controls > 0 and self.up >= self.controls

    @property
    def wrong(self) -> int:
        return self.clean + self.strays

    @property
    def mostly_wrong(self) -> bool:
        return self.wrong > max(1, self.answered)

    @property
    def guessing(self) -> bool:
        """More alarms were wrong than right, or fewer than half of the drifts were named: a clock does as well.

        One right name among several drifts is luck in a quarter of the schedules, whatever else an alert says.
        """
        return self.mostly_wrong or (self.must >= SEVERAL and 2 * self.answered < self.must)


@dataclass(frozen=True)
class Heard:
    """The whole experiment as judged: a signal per run, those that must be noticed, and the false alarms."""

    signals: tuple[Signal, ...]
    must: tuple[Signal, ...]
    """The run of each kind that is judged: the weakest that must be noticed."""
    alarms: Alarms

    def of(self, kind: str) -> Signal | None:
        """The judged run of a kind; None where it was not streamed so severely."""
        return next((signal for signal in self.must if signal.stretch.kind == kind), None)


def listen(drift: DriftEvidence, challenge: Challenge) -> Heard:
    """Everything that was heard. The seconds of a Prometheus loop are counted at the challenge's own rate, since our stream is faster."""
    streamed, said = stretches(drift), episodes(drift)
    drawn_from = frozenset(feature for mode in challenge.modes.values() for kind in mode.drift for feature in kind.features)
    right = {e for stretch in streamed for e in _within(drift, stretch, said) if e.feature == stretch.feature}
    wrong = [e for e in said if e.feature in drawn_from and e not in right]
    signals = tuple(_signal(drift, stretch, said, wrong, drawn_from, challenge.reality.rate_rps) for stretch in streamed)
    must = [found for kind, severity in challenge.drift.must_detect.items() if (found := _judged(signals, kind, severity))]
    return Heard(signals, tuple(must), _alarms(drift, streamed, said, signals, must))


def _judged(signals: Sequence[Signal], kind: str, severity: float) -> Signal | None:
    strong = [s for s in signals if s.stretch.kind == kind and s.stretch.run.severity >= severity]
    return min(strong, key=lambda s: s.stretch.run.severity, default=None)


def episodes(drift: DriftEvidence) -> list[Episode]:
    """Data alerts as episodes, by start. The same alert by webhook and by Prometheus rule is two episodes: each must be right."""
    opened: dict[tuple[str, str, str], int] = {}
    unresolved: dict[tuple[str, str, str], set[frozenset[tuple[str, str]]]] = {}
    found: list[Episode] = []
    for alert in sorted(drift.alerts, key=lambda a: (a.request, a.at_s)):
        key = (alert.name, blamed(alert, drift.fields), alert.source)
        if OPERATIONAL.search(alert.name) and not key[1]:
            continue
        if alert.status == "firing":
            opened.setdefault(key, alert.request)
            unresolved.setdefault(key, set()).add(_identity(alert))
        elif key in opened:
            unresolved[key].discard(_identity(alert))
            if not unresolved[key]:
                found.append(_episode(key, opened.pop(key), alert.request))
    found += [_episode(key, start, None) for key, start in opened.items()]
    return sorted(found, key=lambda e: (e.start, e.name, e.feature))


def _identity(alert: Alert) -> frozenset[tuple[str, str]]:
    """The labels by which it is this alert and no other. One that grows worse under another severity is still the same to people."""
    return frozenset((key, value) for key, value in alert.labels.items() if not URGENCY.match(key))


def _episode(key: tuple[str, str, str], start: int, end: int | None) -> Episode:
    return Episode(key[0], key[1], start, end, key[2])


def grace(drift: DriftEvidence, episode: Episode | None = None) -> int:
    """Requests by which a sound monitor may be late: a window of its own, and the seconds until somebody looks."""
    aside = ASIDE_S + (LOOP_S if episode is not None and episode.source == "alertmanager" else 0.0)
    return drift.window + round(aside * drift.rate_rps)


def delay_of(drift: DriftEvidence, stretch: Stretch, episode: Episode, production_rps: float) -> int:
    """Requests from the onset to the alert. The seconds that a Prometheus loop takes count as the requests of production: our stream is faster."""
    late = episode.start - stretch.onset
    if episode.source != "alertmanager" or drift.rate_rps <= production_rps:
        return late
    spent = min(LOOP_S, late / drift.rate_rps)
    return round(late - spent * (drift.rate_rps - production_rps))


def _within(drift: DriftEvidence, stretch: Stretch, said: Sequence[Episode]) -> list[Episode]:
    """Episodes that began under the drift or before it was over and known to be. The last of them may belong to the next run already."""
    return [e for e in said if stretch.onset < e.start <= stretch.over + grace(drift, e)]


def _signal(
    drift: DriftEvidence, stretch: Stretch, said: Sequence[Episode], wrong: Sequence[Episode], drawn_from: Collection[str], production_rps: float
) -> Signal:
    strays = tuple(_within(drift, stretch, wrong)) if stretch.feature else ()
    soon = [e for e in _within(drift, stretch, said) if e.start <= stretch.last + grace(drift, e)]
    answers = [e for e in soon if delay_of(drift, stretch, e, production_rps) <= LATEST]
    named = [e for e in answers if e.feature == stretch.feature] if stretch.feature else _not_everywhere(drift, stretch, answers, said)
    if named and any(e.start <= min(right.start for right in named) + AT_ONCE for e in strays):
        named = []
    resolved = bool(named) and all(e.end is not None and e.end <= stretch.over + grace(drift, e) for e in named)
    delay = min((delay_of(drift, stretch, e, production_rps) for e in named), default=None)
    unnamed = tuple(e for e in answers if stretch.feature and not e.feature)
    gauges = tuple(moved_gauges(drift, stretch, drawn_from))
    return Signal(stretch, tuple(named), resolved, delay, gauges, unnamed, strays, _passing(drift, stretch, named))


def _passing(drift: DriftEvidence, stretch: Stretch, named: Sequence[Episode]) -> bool:
    """Were the alerts down for most of the time from the first of them to the drift's end? Several in turn are one watch."""
    reached = begin = min((e.start for e in named), default=stretch.last)
    if stretch.last - begin < JUDGED * drift.window:
        return False
    up = 0
    for episode in sorted(named, key=lambda e: e.start):
        end = min(stretch.last, stretch.last if episode.end is None else episode.end)
        up += max(0, end - max(reached, episode.start))
        reached = max(reached, end)
    return up < HELD * (stretch.last - begin)


def _not_everywhere(drift: DriftEvidence, stretch: Stretch, answers: Sequence[Episode], said: Sequence[Episode]) -> list[Episode]:
    """Where no single input is to blame an alert answers only if the same one did not begin in most other runs as well: that is a clock."""
    others = [other for other in stretches(drift) if other.onset != stretch.onset]

    def elsewhere(episode: Episode) -> int:
        alike = [e for e in said if (e.name, e.feature, e.source) == (episode.name, episode.feature, episode.source)]
        return sum(any(other.onset < e.start <= other.last for e in alike) for other in others)

    return [episode for episode in answers if 2 * elsewhere(episode) <= len(others)]


def _alarms(
    drift: DriftEvidence, streamed: Sequence[Stretch], said: Sequence[Episode], signals: Sequence[Signal], must: Sequence[Signal]
) -> Alarms:
    clean = [e for e in said if not any(s.onset < e.start <= s.last + grace(drift, e) for s in streamed)]
    controls = [w for w in drift.windows if w.phase == "control" and w.sent]
    up = [w for w in controls if any(e.start <= end_of(w) and (e.end is None or e.end > w.first_request) for e in clean)]
    strays = {e for signal in signals for e in signal.strays}
    answered = sum(bool(signal.episodes) for signal in must)
    return Alarms(len(up), len(controls), _by_source(strays), _by_source(clean), answered, len(must))


def _by_source(episodes: Iterable[Episode]) -> int:
    """One monitor may speak by webhook and by rule: what it says twice counts once."""
    return max(Counter(e.source for e in episodes).values(), default=0)
