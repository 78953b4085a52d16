"""Draws the schedule of one drift experiment.

A fixed schedule can be scored by a request counter. So everything that a counter could rely on is drawn from the grading's seed: the
length of the warm-up, how many of the control windows stand before the first drift and how many after each recovery, the order of
the runs, the length of each, and the feature that it is put on. The counts of windows that a score divides by stay as the challenge says.

Drifted runs are drawn at 100 % to 130 % of their nominal length and never below it: a shorter run would give this candidate's monitor
less time than another's. Everything else varies by 30 % both ways.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from challenges.simulator import Drift
from grader.schema.challenge import DriftKind, DriftPlan

Phase = Literal["warmup", "control", "drifted", "recovery"]

SPREAD = 0.3
WARMUP_WINDOWS = (1.0, 4.0)
"""Shortest and longest warm-up, in windows."""
CONTROLS_FIRST = 1 / 3
"""At least this share of the control windows comes before the first drift; two thirds do on average. With a warm-up of 2 +- 0.6 windows
and at least two thirds first, the best guessed request number lay within 1,500 requests after the onset in 88 % of schedules; so it
does in 55 to 63 %. Wider would cost minutes: what a guess cannot get right as well is the feature to blame."""


@dataclass(frozen=True)
class PlannedWindow:
    """One window: `size` requests from `first`. `run` is the place in `Schedule.runs` of drifted windows and of the recovery after them."""

    phase: Phase
    run: int | None
    first: int
    size: int


@dataclass(frozen=True)
class Schedule:
    """The windows in order, without gaps; `runs` holds the drifts as drawn, in order of their onset."""

    windows: list[PlannedWindow]
    runs: list[Drift]

    @property
    def requests(self) -> int:
        return sum(window.size for window in self.windows)

    @property
    def ends(self) -> list[int]:
        """Number of requests of the experiment that were sent when window i ends."""
        return list(accumulate(window.size for window in self.windows))


def draw(plan: DriftPlan, kinds: Sequence[DriftKind], seed: int) -> Schedule:
    """A schedule for these kinds, a run per severity. The same seed gives the same schedule."""
    rng = random.Random(seed)
    runs = _drifts(kinds, rng)
    rng.shuffle(runs)
    controls = _control_groups(plan.control_windows, len(runs), rng)
    planned: list[tuple[Phase, int | None, list[int]]] = [
        ("warmup", None, _cut(round(plan.window * rng.uniform(*WARMUP_WINDOWS)), plan.window)),
        ("control", None, _singles(controls[0], plan.window, rng)),
    ]
    for run, after in enumerate(controls[1:]):
        planned.append(("drifted", run, _run(plan.drifted_windows, plan.window, rng, 1.0)))
        planned.append(("recovery", run, _run(plan.recovery_windows, plan.window, rng, 1 - SPREAD)))
        planned.append(("control", None, _singles(after, plan.window, rng)))
    return Schedule(_numbered(planned), runs)


def _drifts(kinds: Sequence[DriftKind], rng: random.Random) -> list[Drift]:
    """One drift per severity, all of a kind on the one feature that is drawn for it: severities can be compared only so.

    No two kinds get the same feature while another is left: one lucky name must not answer them all.
    """
    drifts: list[Drift] = []
    for kind in rng.sample(list(kinds), len(kinds)):
        taken = {drift.feature for drift in drifts}
        feature = rng.choice([f for f in kind.features if f not in taken] or kind.features) if kind.features else ""
        drifts += [Drift(kind.kind, severity, feature) for severity in kind.severities]
    return drifts


def _control_groups(total: int, runs: int, rng: random.Random) -> list[int]:
    """Control windows before the first drift and after each recovery; sums to `total`."""
    first = rng.randint(min(total, round(total * CONTROLS_FIRST)), total) if runs else total
    groups = [first, *([0] * runs)]
    for _ in range(total - first):
        groups[rng.randint(1, runs)] += 1
    return groups


def _run(windows: int, size: int, rng: random.Random, shortest: float) -> list[int]:
    """A run of drawn length."""
    return _cut(round(windows * size * rng.uniform(shortest, 1 + SPREAD)), size)


def _cut(length: int, size: int) -> list[int]:
    """A run cut into windows as near to the nominal size as its length allows."""
    count = max(1, round(length / size))
    return [length * (i + 1) // count - length * i // count for i in range(count)]


def _singles(windows: int, size: int, rng: random.Random) -> list[int]:
    """Control windows, each of a drawn size of its own."""
    return [round(size * rng.uniform(1 - SPREAD, 1 + SPREAD)) for _ in range(windows)]


def _numbered(planned: Sequence[tuple[Phase, int | None, list[int]]]) -> list[PlannedWindow]:
    windows: list[PlannedWindow] = []
    first = 0
    for phase, run, sizes in planned:
        for size in sizes:
            windows.append(PlannedWindow(phase, run, first, size))
            first += size
    return windows
