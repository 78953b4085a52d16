"""Sound monitors, each as a candidate could write it in an afternoon, against `data/train.csv` as every candidate gets it.

A monitor takes one answered request at a time, for the whole service, and says what changed: (`firing` or `resolved`, input).
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, Protocol

from .adwin import Adwin
from .two_sample import chi2_ratio, ks_ratio, psi, rate_ratio

Request = Mapping[str, Any]
Said = tuple[str, str]
NUMERIC = ("amount", "distance_km", "device_age_days", "minutes_since_last")
NULLABLE = ("distance_km", "device_age_days", "minutes_since_last")
CATEGORICAL = ("merchant_category", "channel", "country")
WINDOW = 500
ALPHA = 0.001
"""False alarms per window, over all tests together: a service at 100/s closes 17,000 windows a day, and somebody reads the alerts."""


class Monitor(Protocol):
    def observe(self, request: Request, score: float) -> list[Said]: ...
    def gauges(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Reference:
    """The training data: ascending values, counts of nulls and of category values, by column."""

    rows: int
    numeric: Mapping[str, Sequence[float]]
    nulls: Mapping[str, int]
    categories: Mapping[str, Mapping[Hashable, int]]

    @staticmethod
    def read(path: Path) -> Reference:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        numeric = {name: sorted(float(row[name]) for row in rows if row[name]) for name in NUMERIC}
        nulls = {name: sum(not row[name] for row in rows) for name in NULLABLE}
        return Reference(len(rows), numeric, nulls, {name: Counter(row[name] for row in rows) for name in CATEGORICAL})


class Alerts:
    """Which inputs are firing; turns a statistic per input into what changed. Above 1 is drift; below `calm` it is over."""

    def __init__(self, calm: float = 1.0) -> None:
        self.calm, self.firing, self.last = calm, set[str](), dict[str, float]()

    def update(self, ratios: Mapping[str, float]) -> list[Said]:
        self.last = dict(ratios)
        said = [("firing", name) for name, ratio in ratios.items() if ratio > 1 and name not in self.firing]
        said += [("resolved", name) for name, ratio in ratios.items() if ratio < self.calm and name in self.firing]
        self.firing = (self.firing | {name for status, name in said if status == "firing"}) - {n for status, n in said if status == "resolved"}
        return said


class Windowed:
    """Tumbling windows: judges as soon as one is full. Subclasses say how far each input is from its critical value."""

    def __init__(self, reference: Reference, window: int = WINDOW, calm: float = 1.0) -> None:
        self.reference, self.window, self.alerts = reference, window, Alerts(calm)
        self.rows: list[Request] = []

    def observe(self, request: Request, score: float) -> list[Said]:
        self.rows.append(request)
        if len(self.rows) < self.window:
            return []
        rows, self.rows = self.rows, []
        return self.alerts.update(self.ratios(rows))

    def gauges(self) -> dict[str, float]:
        return dict(self.alerts.last)

    def ratios(self, rows: Sequence[Request]) -> dict[str, float]:
        raise NotImplementedError

    def nulls(self, rows: Sequence[Request], name: str, alpha: float) -> float:
        """The rows that are gone, which no test on values sees."""
        if name not in self.reference.nulls:
            return 0.0
        return rate_ratio(sum(row[name] is None for row in rows), len(rows), self.reference.nulls[name], self.reference.rows, alpha)


class KsMonitor(Windowed):
    """Kolmogorov-Smirnov per number, chi-square per category, likelihood ratio per share of nulls; Bonferroni over all of them."""

    def __init__(self, reference: Reference, window: int = WINDOW, alpha: float = ALPHA, corrected: bool = True) -> None:
        super().__init__(reference, window)
        self.each = alpha / (len(NUMERIC) + len(NULLABLE) + len(CATEGORICAL)) if corrected else alpha

    def ratios(self, rows: Sequence[Request]) -> dict[str, float]:
        found = {name: self._numeric(rows, name) for name in NUMERIC}
        return found | {name: chi2_ratio([row[name] for row in rows], self.reference.categories[name], self.each) for name in CATEGORICAL}

    def _numeric(self, rows: Sequence[Request], name: str) -> float:
        values = [row[name] for row in rows if row[name] is not None]
        return max(ks_ratio(values, self.reference.numeric[name], self.each), self.nulls(rows, name, self.each))


class PsiMonitor(Windowed):
    """PSI over the reference's deciles or categories, alert above `bar`; the share of nulls has a test of its own."""

    def __init__(self, reference: Reference, window: int = WINDOW, bar: float = 0.2) -> None:
        super().__init__(reference, window)
        self.bar = bar
        self.edges = {name: [values[len(values) * i // 10] for i in range(1, 10)] for name, values in reference.numeric.items()}
        self.binned = {name: self._bins(name, values) for name, values in reference.numeric.items()}

    def _bins(self, name: str, values: Sequence[float]) -> Counter[Hashable]:
        return Counter(bisect_right(self.edges[name], value) for value in values)

    def ratios(self, rows: Sequence[Request]) -> dict[str, float]:
        each = ALPHA / len(NULLABLE)
        found = {name: max(self._psi(rows, name) / self.bar, self.nulls(rows, name, each)) for name in NUMERIC}
        return found | {name: psi(Counter(row[name] for row in rows), self.reference.categories[name]) / self.bar for name in CATEGORICAL}

    def _psi(self, rows: Sequence[Request], name: str) -> float:
        values = [row[name] for row in rows if row[name] is not None]
        return psi(self._bins(name, values), self.binned[name]) if values else 0.0


class AdwinMonitor(Windowed):
    """ADWIN per input: standardised log values, and for categories how rare the value is. Nulls by windows as above.

    A change alone is no drift (the way back is one too): an input drifts while its mean since the last change is off the reference.
    """

    OFF = 0.12
    """Standard deviations: what the mean of a window of 500 clean rows stays within 99 times of 100."""

    def __init__(self, reference: Reference, window: int = WINDOW, delta: float = 0.002) -> None:
        super().__init__(reference, window)
        self.moments = {name: _moments([log(value + 0.01) for value in values]) for name, values in reference.numeric.items()}
        self.rarity = {name: {v: -log(c / reference.rows) for v, c in counts.items()} for name, counts in reference.categories.items()}
        for name, counts in reference.categories.items():
            self.moments[name] = _moments([self.rarity[name][value] for value, count in counts.items() for _ in range(count)])
        self.adwin = {name: Adwin(delta / len(self.moments)) for name in self.moments}
        self.changed: set[str] = set()
        self.gone = Alerts()
        self.seen = 0

    def observe(self, request: Request, score: float) -> list[Said]:
        self.rows.append(request)
        for name, adwin in self.adwin.items():
            if request[name] is not None and adwin.update(self._value(name, request[name])):
                self.changed.add(name)
        if len(self.rows) == self.window:
            rows, self.rows = self.rows, []
            self.gone.update({name: self.nulls(rows, name, ALPHA / len(NULLABLE)) for name in NULLABLE})
        self.seen += 1
        return self._judge() if self.seen % 32 == 0 else []

    def _judge(self) -> list[Said]:
        off = {name: abs(adwin.mean) / self.OFF for name, adwin in self.adwin.items()}
        self.changed -= {name for name, ratio in off.items() if ratio < 1}
        moved = {name: ratio if name in self.changed else min(ratio, 1.0) for name, ratio in off.items()}
        return self.alerts.update({name: max(ratio, self.gone.last.get(name, 0.0)) for name, ratio in moved.items()})

    def _value(self, name: str, value: Any) -> float:
        raw = log(value + 0.01) if name in NUMERIC else self.rarity[name].get(value, log(2 * self.reference.rows))
        mean, spread = self.moments[name]
        return (raw - mean) / spread


def _moments(values: Sequence[float]) -> tuple[float, float]:
    return fmean(values), pstdev(values) or sqrt(1e-9)
