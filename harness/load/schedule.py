"""Arrival schedules: seeded, absolute, and fixed before the first request leaves.

Every function returns ascending offsets in seconds from the start of a plan. Because a schedule is one global list, worker k of n
takes `share(offsets, k, n)` and n workers together send exactly the same arrivals as one.
"""

from __future__ import annotations

import random
from collections.abc import Callable


def constant(rate: float, seconds: float, seed: int = 0) -> list[float]:
    """Evenly spaced arrivals, `rate` per second; the seed draws the phase of the first one inside its slot."""
    gap = 1.0 / rate
    phase = random.Random(seed).random() * gap
    return [phase + i * gap for i in range(round(rate * seconds))]


def poisson(rate: float, seconds: float, seed: int) -> list[float]:
    """Poisson arrivals of mean `rate` per second over `seconds`."""
    return _thinned(rate, seconds, seed, lambda _t: 1.0)


def ramp(rate_from: float, rate_to: float, seconds: float, seed: int) -> list[float]:
    """Poisson arrivals whose rate moves linearly from `rate_from` to `rate_to` (thinning of the higher rate)."""
    top = max(rate_from, rate_to)
    return _thinned(top, seconds, seed, lambda t: (rate_from + (rate_to - rate_from) * t / seconds) / top)


def spike(rate: float, peak: float, seconds: float, seed: int) -> list[float]:
    """Poisson arrivals at `rate`, at `peak` in the middle third, and at `rate` again, without a pause."""
    return _thinned(max(rate, peak), seconds, seed, lambda t: (peak if 1 / 3 <= t / seconds < 2 / 3 else rate) / max(rate, peak))


def share(offsets: list[float], worker: int, workers: int) -> list[float]:
    """The arrivals of one of several workers: every n-th, starting with its own number (0-based)."""
    return offsets[worker::workers]


def _thinned(rate: float, seconds: float, seed: int, keep: Callable[[float], float]) -> list[float]:
    draw = random.Random(seed)
    offsets: list[float] = []
    t = draw.expovariate(rate)
    while t < seconds:
        if draw.random() < keep(t):
            offsets.append(t)
        t += draw.expovariate(rate)
    return offsets


KINDS: dict[str, Callable[[float, float, int], list[float]]] = {"constant": constant, "poisson": poisson}
"""Arrival kinds that a challenge may name: (rate, seconds, seed) -> offsets."""
