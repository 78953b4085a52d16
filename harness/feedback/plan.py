"""Draws one experiment on late labels: the rows of every segment, and the delay of every label.

Clean and turned rows come from one stream and are picked by position (harness.drift.stream says why), so requests, ids and customers
tell nothing about the moment at which the relation turns: labels alone do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from challenges.simulator import Drift, Row, Simulator
from grader.schema.challenge import FeedbackPlan
from grader.schema.evidence.feedback import SegmentName

Labels = Literal["true", "inverted", "none"]

LABELS: dict[SegmentName, Labels] = {
    "calm": "true", "concept": "true", "held_out": "none", "inverted": "inverted", "settling": "none", "after": "none",
}  # fmt: skip


@dataclass(frozen=True)
class Segment:
    """`size` rows from position `first` on. Of the concept segment not all need be sent."""

    name: SegmentName
    first: int
    size: int

    @property
    def last(self) -> int:
        return self.first + self.size


@dataclass(frozen=True)
class Experiment:
    """What may be sent, fixed before the first request. `delays_s` by row."""

    segments: list[Segment]
    rows: list[Row]
    delays_s: list[float]
    seed: int

    def segment(self, name: SegmentName) -> Segment:
        return next(s for s in self.segments if s.name == name)

    def label(self, position: int) -> int | None:
        """The label that is posted for a row, if any."""
        name = next(s.name for s in self.segments if s.first <= position < s.last)
        truth = self.rows[position].label
        return {"true": truth, "inverted": 1 - truth, "none": None}[LABELS[name]]


def draw(simulator: Simulator, plan: FeedbackPlan, seed: int) -> Experiment:
    """The same seed gives the same experiment (about 1 s of CPU)."""
    rng = random.Random(seed)
    sizes: dict[SegmentName, int] = {
        "calm": rng.randint(*plan.calm), "concept": plan.concept, "held_out": plan.held_out, "inverted": plan.inverted,
        "settling": plan.settling, "after": plan.after,
    }  # fmt: skip
    segments: list[Segment] = []
    for name, size in sizes.items():
        segments.append(Segment(name, segments[-1].last if segments else 0, size))
    n, calm = segments[-1].last, sizes["calm"]
    turned = simulator.stream(n, seed, Drift("concept", plan.severity, ""))
    rows = [*simulator.stream(n, seed)[:calm], *turned[calm:]]
    return Experiment(segments, rows, [rng.uniform(*plan.delay_s) for _ in rows], seed)
