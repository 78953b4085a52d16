"""Plays monitors over many drawn schedules and tallies what the real checks give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from . import adapter
from .adapter import Drawn
from .scripts import Script
from .zoo import Make

MUST_FULL = ("drift_covariate", "drift_unit", "drift_missing", "drift_delay", "alert_attribution", "alert_resolution", "false_alarm_rate")
"""What every sound monitor must get in full. The rest asks for more power than `must_detect` does."""


@dataclass
class Tally:
    """Credits per schedule."""

    mode: str
    credits: list[dict[str, float]] = field(default_factory=list)

    def mean(self, check: str) -> float | None:
        seen = [credit[check] for credit in self.credits if check in credit]
        return fmean(seen) if seen else None

    @property
    def shares(self) -> list[float]:
        return [adapter.share(credit, self.mode) for credit in self.credits]

    @property
    def paid(self) -> float:
        """Share of schedules in which it got anything."""
        return fmean(share > 0 for share in self.shares)

    @property
    def full(self) -> float:
        """Share of schedules with full marks wherever a sound monitor must have them."""
        return fmean(all(credit.get(check, 1.0) == 1.0 for check in MUST_FULL) for credit in self.credits)


def play(mode: str, seeds: Iterable[int], monitors: Mapping[str, Make]) -> dict[str, Tally]:
    """A fresh monitor per schedule; one schedule's rows in memory at a time."""
    tallies = {name: Tally(mode) for name in monitors}
    for seed in seeds:
        experiment = adapter.drawn(mode, seed, rows=True)
        for name, make in monitors.items():
            tallies[name].credits.append(adapter.credits(adapter.play(make(adapter.reference()), experiment), mode))
    return tallies


def play_clocks(mode: str, seeds: Iterable[int], clocks: Mapping[str, Script]) -> dict[str, Tally]:
    experiments = [adapter.drawn(mode, seed, rows=False) for seed in seeds]
    return {name: Tally(mode, [_one(mode, clock, experiment) for experiment in experiments]) for name, clock in clocks.items()}


def _one(mode: str, clock: Script, experiment: Drawn) -> dict[str, float]:
    return adapter.credits(adapter.play_script(clock, experiment), mode)


def best(tallies: Mapping[str, Tally], count: int) -> dict[str, Tally]:
    """Those with the highest mean share."""
    return dict(sorted(tallies.items(), key=lambda item: -fmean(item[1].shares))[:count])
