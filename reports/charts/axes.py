"""Scales from data to pixels, and where their ticks stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

HUGE, TINY = 1e12, 1e-9
"""Values are held within these, so that no axis overflows."""

DECADES = 6
"""A logarithmic axis spans at most so many powers of ten; what is smaller stands at its foot."""


ROOM = 1.05
"""Least ratio of a logarithmic axis' ends to the values at them: a limit on the picture's edge would be taken for its frame."""


@dataclass(frozen=True)
class Step:
    """A tick: a position on an axis and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Linear:
    """Equal differences, equal lengths."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return round(self.start + (held(value) - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, count: int) -> list[Step]:
        step = _nice((self.high - self.low) / count)
        first = math.ceil(self.low / step) * step
        values = [first + i * step for i in range(int((self.high - first) / step + 1e-9) + 1)]
        return [Step(self.at(v), f"{v:.10g}") for v in values]


@dataclass(frozen=True)
class Log:
    """Equal ratios, equal lengths. `clipped`: the foot stands for everything down to nothing, and its label says so."""

    low: float
    high: float
    start: float
    end: float
    clipped: bool

    def at(self, value: float) -> float:
        inside = max(self.low, min(self.high, value))
        return round(self.start + math.log(inside / self.low) / math.log(self.high / self.low) * (self.end - self.start), 1)

    def ticks(self, _: int) -> list[Step]:
        """The axis starts and ends at 1, 2 or 5 times a power of ten; between them every such number, or every power where they are many."""
        steps = [v for power in range(_power(self.low), _power(self.high) + 1) for v in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)]
        inside = [v for v in steps if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
        shown = inside if len(inside) <= 9 else [v for v in inside if abs(math.log10(v) - round(math.log10(v))) < 1e-9]
        return [Step(self.at(v), self._label(v)) for v in shown]

    def _label(self, value: float) -> str:
        foot = self.clipped and value <= self.low * (1 + 1e-9)
        return f"{'≤ ' if foot else ''}{value:.10g}" if value < 1e6 else f"{value:g}"


Axis = Linear | Log


def held(value: float) -> float:
    return max(-HUGE, min(HUGE, value))


def across(values: Sequence[float], start: float, end: float, padding: float) -> Linear:
    """As wide as the data, and `padding` of that on both sides. Never so short that ticks could not be told apart."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= 1e-9 * max(1.0, abs(low), abs(high)):
        high = low + max(1.0, abs(low) * 1e-3)
    room = (high - low) * padding
    return Linear(low - room, high + room, start, end)


def upwards(values: Sequence[float], start: float, end: float, scale: str) -> Axis:
    """From nothing, or the lowest negative value, to the next round number above the data; a logarithmic axis between round numbers around it."""
    return _log(values, start, end) if scale == "log" else _linear(values, start, end)


def _linear(values: Sequence[float], start: float, end: float) -> Linear:
    low, top = min(0.0, *values, 0.0), max(values, default=1.0)
    step = _nice((top - low) / 4)
    high = math.ceil(top / step - 1e-9) * step
    return Linear(low, high if high - low > TINY else low + 1.0, start, end)


def _log(values: Sequence[float], start: float, end: float) -> Log:
    positive = [max(TINY, v) for v in values if v > 0]
    top = max(positive, default=10.0)
    low = max(min(positive, default=1.0), top / 10**DECADES)
    foot, head = _below(low / ROOM), _nice(top * ROOM)
    return Log(foot, head if head > foot * (1 + 1e-9) else foot * 10, start, end, clipped=any(v < foot * (1 - 1e-9) for v in values))


def _power(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)


def _nice(step: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten, not below step."""
    if step < TINY:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next((power * m for m in (1, 2, 5) if power * m >= step * (1 - 1e-9)), power * 10)


def _below(value: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten, not above value."""
    power = 10.0 ** _power(value)
    return next((power * m for m in (5, 2) if power * m <= value * (1 + 1e-9)), power)
