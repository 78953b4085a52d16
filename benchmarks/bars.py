"""The bars of the design as one table, and the arithmetic that judges measured figures by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean, stdev
from typing import Literal

Status = Literal["held", "missed", "undecided"]


@dataclass(frozen=True)
class Unit:
    """How a figure is written: value x `scale` with `digits` decimals and `suffix`."""

    scale: float
    digits: int
    suffix: str

    def written(self, value: float) -> str:
        return f"{value * self.scale:.{self.digits}f}{self.suffix}"


SHARE, MS, SECONDS, MEGABYTES, TIMES = Unit(100, 2, " %"), Unit(1, 3, " ms"), Unit(1, 1, " s"), Unit(1, 0, " MB"), Unit(1, 2, "x")


@dataclass(frozen=True)
class Bar:
    """One promise: `says` is what is measured; the figure must be at most (or at least) `limit`."""

    id: str
    says: str
    limit: float
    unit: Unit
    side: Literal["most", "least"] = "most"

    @property
    def part(self) -> str:
        return self.id.split(".")[0]

    @property
    def demand(self) -> str:
        return f"{'<=' if self.side == 'most' else '>='} {self.unit.written(self.limit)}"


BARS = (
    Bar("truth.p50", "our p50 beside the truth, absolute error", 0.05, SHARE),
    Bar("truth.p95", "our p95 beside the truth, absolute error", 0.02, SHARE),
    Bar("truth.p98", "our p98 beside the truth, absolute error", 0.02, SHARE),
    Bar("truth.p99", "our p99 beside the truth, absolute error", 0.02, SHARE),
    Bar("truth.p99.9", "our p99.9 beside the truth, absolute error", 0.02, SHARE),
    Bar("truth.over", "our share over the SLO beside the truth, absolute error", 0.02, SHARE),
    Bar("truth.stock", "stock Locust's p95 beside the truth in the same run, absolute error", 0.90, SHARE, "least"),
    Bar("lag.100", "lag p99 at 100 requests/s", 0.25, MS),
    Bar("lag.300", "lag p99 at 300 requests/s", 0.25, MS),
    Bar("lag.1000", "lag p99 at 1000 requests/s", 0.25, MS),
    Bar("lag.cpu", "generator's CPU at 1000 requests/s, of a core", 0.25, SHARE),
    Bar("lag.peak", "generator's peak memory at 1000 requests/s", 200, MEGABYTES),
    Bar("efficiency.fast", "requests per CPU-second, against FastHttpUser", 1.0, TIMES, "least"),
    Bar("efficiency.http", "requests per CPU-second, against HttpUser", 4.0, TIMES, "least"),
    Bar("capacity.cv", "capacity of one and the same service: CV over searches", 0.05, SHARE),
    Bar("capacity.seconds", "longest capacity search", 20, SECONDS),
    Bar("grading.wall", "a grading's wall time, against its measured windows and build", 1.15, TIMES),
)


@dataclass(frozen=True)
class Verdict:
    """A bar and what was measured. `measured` None: `why` says why there is no figure. `excuse`: why a figure beyond the limit decides nothing."""

    bar: Bar
    measured: float | None
    why: str = ""
    excuse: str = ""

    @property
    def status(self) -> Status:
        if self.measured is None:
            return "undecided"
        kept = self.measured <= self.bar.limit if self.bar.side == "most" else self.measured >= self.bar.limit
        if kept and isfinite(self.measured):
            return "held"
        return "undecided" if self.excuse else "missed"

    @property
    def of_limit(self) -> float | None:
        """Measured / limit."""
        return None if self.measured is None else self.measured / self.bar.limit

    @property
    def sentence(self) -> str:
        figure = "not measured" if self.measured is None else self.bar.unit.written(self.measured)
        reason = self.excuse if self.measured is not None and self.status == "undecided" else self.why
        return f"{self.bar.says}: {figure}, bar {self.bar.demand}" + (f" ({reason})" if reason else "")


@dataclass(frozen=True)
class Figures:
    """What a part measured towards its bars, by bar id; reasons for what it could not measure, and excuses, likewise."""

    values: Mapping[str, float]
    missing: Mapping[str, str]
    excuses: Mapping[str, str]


def judged(parts: Mapping[str, Figures], bars: Sequence[Bar] = BARS) -> list[Verdict]:
    """A verdict on every bar of the parts that ran, in the table's order. A bar without a figure is never held."""
    verdicts = []
    for bar in bars:
        if (found := parts.get(bar.part)) is not None:
            why = "" if bar.id in found.values else found.missing.get(bar.id) or found.missing.get(bar.part) or "no figure"
            verdicts.append(Verdict(bar, found.values.get(bar.id), why, found.excuses.get(bar.id, "")))
    return verdicts


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """1 when a bar is missed; 3 when none is, but one could not be decided; else 0."""
    found = {verdict.status for verdict in verdicts}
    return 1 if "missed" in found else 3 if "undecided" in found else 0


def error(measured: float, truth: float) -> float:
    """|measured / truth - 1|; infinite where a truth of 0 was missed."""
    if truth:
        return abs(measured / truth - 1)
    return 0.0 if measured == truth else float("inf")


def cv(values: Sequence[float]) -> float:
    """Coefficient of variation: sample standard deviation / mean."""
    return stdev(values) / fmean(values)


def spread(values: Sequence[float]) -> float:
    """(largest - smallest) / mean."""
    return (max(values) - min(values)) / fmean(values)
