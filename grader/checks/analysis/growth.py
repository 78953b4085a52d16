"""Does memory grow with requests? Sen's slope over a window's samples: the median of all pairwise slopes, with a distribution-free interval.

A least-squares line would follow the one step that an allocator takes; the median of slopes does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import sqrt

from grader.schema.evidence import ResourceSample

Z = 2.576
"""99 %: samples half a second apart are not quite independent, which makes a 95 % interval too narrow."""

FEWEST = 6


@dataclass(frozen=True)
class Slope:
    """Growth in KiB per request, with the ends of its 99 % interval, over `requests` requests."""

    kib_per_request: float
    low: float
    high: float
    requests: int


def lasting(samples: Sequence[ResourceSample]) -> Slope | None:
    """Growth over all samples, its interval's low end no higher than that over their later half: a heap that fills once flattens, a leak does not."""
    whole, later = slope(samples), slope(samples[len(samples) // 2 :])
    return whole if whole is None or later is None else replace(whole, low=min(whole.low, later.low))


def slope(samples: Sequence[ResourceSample]) -> Slope | None:
    """None where there are too few samples, or no requests between them."""
    points = [(sample.requests, sample.memory_bytes / 1024) for sample in samples if sample.memory_bytes]
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1)
    if len(points) < FEWEST or len(slopes) < len(points):
        return None
    n, count = len(points), len(slopes)
    reach = Z * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = slopes[max(0, int((count - reach) / 2))], slopes[min(count - 1, int((count + reach) / 2) + 1)]
    return Slope(slopes[count // 2], low, high, points[-1][0] - points[0][0])
