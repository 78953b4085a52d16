"""Monitors that look at no data: request counters and clocks, which guess a drawn schedule. Each is a script fixed before the first request.

An `Interval` is up from request `start` to request `end`; the constructors below are the strategies that somebody could play.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle

from .sound import NUMERIC, Request, Said

HORIZON = 120_000
"""No schedule is longer, in requests."""


@dataclass(frozen=True)
class Interval:
    feature: str
    start: int
    end: int | None = None


@dataclass(frozen=True)
class Script:
    """What to say at which request, and which gauges to raise when. Gauges are 0 outside of their intervals."""

    alerts: tuple[Interval, ...] = ()
    raised: tuple[Interval, ...] = ()

    def said(self) -> list[tuple[int, str, str]]:
        """(request, status, feature) in order."""
        fired = [(interval.start, "firing", interval.feature) for interval in self.alerts]
        return sorted([*fired, *((i.end, "resolved", i.feature) for i in self.alerts if i.end is not None)])

    def gauges_at(self, request: int) -> dict[str, float]:
        up = {i.feature for i in self.raised if i.start <= request and (i.end is None or request < i.end)}
        return {i.feature: float(i.feature in up) for i in self.raised}


class ScriptMonitor:
    """Plays a script as a monitor of a live service."""

    def __init__(self, script: Script) -> None:
        self.script, self.waiting, self.seen = script, script.said(), 0

    def observe(self, request: Request, score: float) -> list[Said]:
        self.seen += 1
        due = [(status, feature) for at, status, feature in self.waiting if at <= self.seen]
        self.waiting = self.waiting[len(due) :]
        return due

    def gauges(self) -> dict[str, float]:
        return self.script.gauges_at(self.seen)


def always(features: Iterable[str] = ("",)) -> Script:
    return Script(tuple(Interval(feature, 1) for feature in features))


def once(features: Iterable[str], start: int, end: int) -> Script:
    """One guess of the onset, for the features named."""
    return Script(tuple(Interval(feature, start, end) for feature in features))


def rotating(features: Sequence[str], first: int, period: int, up: int, horizon: int = HORIZON) -> Script:
    """From `first` on every `period` requests an alert for `up` requests, of the next feature; one feature makes it a plain clock."""
    starts = range(first, horizon, period)
    return Script(tuple(Interval(feature, start, start + up) for start, feature in zip(starts, cycle(features), strict=False)))


def all_at_once(first: int, period: int, up: int, features: Sequence[str] = NUMERIC, horizon: int = HORIZON) -> Script:
    """As `rotating`, every feature each time."""
    return Script(tuple(Interval(f, start, start + up) for start in range(first, horizon, period) for f in features))


def gauges_raised(features: Iterable[str], first: int, period: int, up: int, horizon: int = HORIZON) -> Script:
    """No alert at all, but gauges that leave their range and come back by a clock."""
    return Script((), tuple(Interval(f, start, start + up) for f in features for start in range(first, horizon, period)))
