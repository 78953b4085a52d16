"""What became of every request of a plan, as numpy arrays, and the arithmetic on it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.load.outcomes import PROMPT_S, VALID, Outcome
from harness.load.plan import Plan
from harness.load.tape import COLUMNS, COUNTERS

__all__ = ["COUNTERS", "Trace", "interval", "quantile"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Trace:
    """One row per scheduled request that was reached, in order of schedule. All times are CLOCK_MONOTONIC seconds.

    `sent` is when the attempt began (connect or first byte); `received` when the kernel had the last byte (NaN without a complete
    answer); `done` when we knew the end. `score` is NaN and `version` -1 where the answer is no valid prediction.
    """

    t0: float
    intended: Floats
    sent: Floats
    received: Floats
    done: Floats
    score: Floats
    status: Ints
    outcome: Ints
    degraded: Bools
    retries: Ints
    version: Ints
    target: Ints
    """Which of the plan's hosts the request went to: 0 for `host`, from 1 on those in `also`."""
    index: Ints
    """Position of each row in the plan, hence in its bodies and ids."""
    versions: list[str]
    ids: list[str]
    cpu_s: float
    """What the generator itself used, in CPU seconds."""
    end: float
    """When the engine was done with the plan."""

    @staticmethod
    def load(path: Path, plan: Plan, done: dict[str, Any]) -> Trace:
        """Read an engine's tape. Rows that a stop cancelled are left out."""
        n = len(plan.arrivals_s)
        columns: dict[str, Any] = {}
        with path.open("rb") as file:
            for name, code in COLUMNS.items():
                columns[name] = np.fromfile(file, dtype=np.dtype(code), count=n)
        kept = np.flatnonzero(columns["outcome"] != Outcome.CANCELLED)
        cut: dict[str, Any] = {name: values[kept].astype(np.float64 if COLUMNS[name] == "d" else np.int64) for name, values in columns.items()}
        cut["degraded"] = cut["degraded"].astype(bool)
        late = (cut["outcome"] == Outcome.SHED) & (cut["received"] - cut["sent"] > PROMPT_S)
        cut["outcome"] = np.where(late, int(Outcome.SHED_LATE), cut["outcome"])
        ids = [plan.ids[i % len(plan.ids)] for i in kept] if plan.ids else []
        cut |= {name: float(done[name]) for name in ("t0", "cpu_s", "end")}
        return Trace(index=kept, ids=ids, versions=list(done["versions"]), **cut)

    def __len__(self) -> int:
        return len(self.intended)

    def where(self, mask: Bools) -> Trace:
        """The rows that `mask` selects."""
        arrays = {name: getattr(self, name)[mask] for name in (*COLUMNS, "index")}
        ids = [self.ids[i] for i in np.flatnonzero(mask)] if self.ids else []
        return Trace(t0=self.t0, versions=self.versions, ids=ids, cpu_s=self.cpu_s, end=self.end, **arrays)

    def between(self, start: float, end: float) -> Trace:
        """Rows whose intended moment lies in [start, end)."""
        return self.where((self.intended >= start) & (self.intended < end))

    def has(self, *outcomes: Outcome) -> Bools:
        found: Bools = np.isin(self.outcome, list(outcomes))
        return found

    @property
    def valid(self) -> Bools:
        """Rows with a usable prediction (ok or degraded)."""
        return self.has(*VALID)

    @property
    def was_sent(self) -> Bools:
        return ~self.has(Outcome.DROPPED)

    @property
    def dropped(self) -> int:
        return int(np.count_nonzero(~self.was_sent))

    @property
    def lag_s(self) -> Floats:
        """How late we were: sent - intended, for the requests that were sent."""
        sent: Floats = (self.sent - self.intended)[self.was_sent]
        return sent

    def latency_s(self, since: str = "intended") -> Floats:
        """Seconds from `intended` or `sent` to the last byte, of the valid predictions, ascending."""
        seconds: Floats = (self.received - getattr(self, since))[self.valid]
        return np.sort(seconds)

    def over(self, seconds: float) -> int:
        """Requests whose user did not get a valid prediction within `seconds` of the intended moment, dropped ones included."""
        late = ~self.valid | (self.received - self.intended > seconds)
        return int(np.count_nonzero(late))

    def counts(self) -> dict[str, int]:
        """Outcome label -> rows, for the outcomes that occurred."""
        values, numbers = np.unique(self.outcome, return_counts=True)
        return {Outcome(value).label: int(number) for value, number in zip(values.tolist(), numbers.tolist(), strict=True)}

    def statuses(self) -> dict[str, int]:
        """HTTP status -> complete answers."""
        values, numbers = np.unique(self.status[self.status > 0], return_counts=True)
        return {str(value): int(number) for value, number in zip(values.tolist(), numbers.tolist(), strict=True)}


def quantile(ascending: Floats, q: float) -> float:
    """The exact q-quantile (nearest rank) of a non-empty ascending array."""
    rank = min(len(ascending), max(1, int(np.ceil(q * len(ascending) - 1e-9))))
    return float(ascending[rank - 1])


def interval(ascending: Floats, q: float, level: float = 0.95) -> tuple[float, float] | None:
    """Confidence interval of the q-quantile from order statistics: exact, whatever the distribution. None where n is too small for one.

    Of n values, B ~ Binomial(n, 1 - q) lie above the true quantile; the interval's ends are the values that P(B) puts there.
    """
    n, tail, above = len(ascending), (1 - level) / 2, 1 - q
    if n == 0 or q**n > tail or above**n > tail:
        return None
    b = _binomial_quantile(n, above, tail)
    upper_rank = n - b
    b = _binomial_quantile(n, above, 1 - tail)
    return float(ascending[max(n - b, 1) - 1]), float(ascending[min(upper_rank, n - 1)])


def _binomial_quantile(n: int, p: float, level: float) -> int:
    """The smallest b with P(B <= b) > level."""
    cumulative, log_p, b = 0.0, n * log1p(-p), 0
    while (cumulative := cumulative + exp(log_p)) <= level and b < n:
        log_p += log((n - b) / (b + 1)) + log(p / (1 - p))
        b += 1
    return b
