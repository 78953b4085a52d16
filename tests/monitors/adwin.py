"""ADWIN (Bifet and Gavalda, 2007) on the standard library: a window that forgets its older part when the two parts' means differ."""

from __future__ import annotations

from math import log, sqrt

MAX_BUCKETS = 5
CLOCK = 32
SHORTEST_PART = 5


class Adwin:
    """Keeps an exponential histogram of buckets (count, total, sum of squared deviations), newest first in `rows[0]`."""

    def __init__(self, delta: float) -> None:
        self.delta = delta
        self.rows: list[list[tuple[int, float, float]]] = [[]]
        self.n, self.total, self.spread, self.seen = 0, 0.0, 0.0, 0

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else 0.0

    def update(self, value: float) -> bool:
        """Take a value; True if the window's older part was dropped."""
        if self.n:
            self.spread += (value - self.mean) ** 2 * self.n / (self.n + 1)
        self.rows[0].insert(0, (1, value, 0.0))
        self.n, self.total, self.seen = self.n + 1, self.total + value, self.seen + 1
        self._compress()
        if self.seen % CLOCK or self.n < 2 * SHORTEST_PART:
            return False
        dropped = False
        while self._must_drop():
            self._drop_oldest()
            dropped = True
        return dropped

    def _compress(self) -> None:
        for level, row in enumerate(self.rows):
            if len(row) <= MAX_BUCKETS:
                return
            if level + 1 == len(self.rows):
                self.rows.append([])
            (n1, t1, s1), (n0, t0, s0) = row.pop(), row.pop()
            between = (t1 / n1 - t0 / n0) ** 2 * n1 * n0 / (n1 + n0)
            self.rows[level + 1].insert(0, (n1 + n0, t1 + t0, s1 + s0 + between))

    def _must_drop(self) -> bool:
        """Is there a cut at which the means differ by more than chance allows?"""
        old_n, old_total = 0, 0.0
        variance, bar = self.spread / self.n, log(2 * log(self.n) / self.delta)
        for count, total, _ in (bucket for row in reversed(self.rows) for bucket in reversed(row)):
            old_n, old_total = old_n + count, old_total + total
            new_n = self.n - old_n
            if new_n < SHORTEST_PART:
                return False
            if old_n < SHORTEST_PART:
                continue
            harmonic = 1 / old_n + 1 / new_n
            cut = sqrt(2 * harmonic * variance * bar) + 2 / 3 * harmonic * bar
            if abs(old_total / old_n - (self.total - old_total) / new_n) > cut:
                return True
        return False

    def _drop_oldest(self) -> None:
        while not self.rows[-1]:
            self.rows.pop()
        count, total, spread = self.rows[-1].pop()
        rest = self.n - count
        if rest:
            between = (total / count - (self.total - total) / rest) ** 2 * count * rest / self.n
            self.spread = max(0.0, self.spread - spread - between)
        self.n, self.total = rest, self.total - total
