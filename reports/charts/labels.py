"""Labels above a picture: each begins at the place it names; where one would run into the next, that one moves a lane down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LETTER = 6.8
"""Width of a letter of the widest font that a reader's system may put in: a label that is cut at the edge cannot be read."""

LANE = 13
LANES = 5
"""Height of a lane, and the most lanes: a label that finds no room is left out, its stretch stays shaded."""

APART = 8.0


@dataclass(frozen=True)
class Label:
    """A text whose baseline starts at x in a lane (0 is the topmost); `pole` is the place that it names."""

    x: float
    lane: int
    text: str
    pole: float


def in_lanes(wanted: Sequence[tuple[float, str]], left: float, right: float) -> list[Label]:
    """Place labels, given as (where, text), between `left` and `right`."""
    free = [left] * LANES
    placed: list[Label] = []
    for where, text in sorted(wanted):
        width = LETTER * len(text)
        x = max(left, min(where + 3, right - width))
        lane = next((i for i, end in enumerate(free) if end <= x), None)
        if text and lane is not None and x + width <= right:
            free[lane] = x + width + APART
            placed.append(Label(round(x, 1), lane, text, where))
    return placed
