"""Unsound monitors that do look at the data: too many false alarms, alerts nobody can use, and alarms on what is no drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from .sound import CATEGORICAL, NULLABLE, NUMERIC, KsMonitor, Monitor, Reference, Request, Said


class Never:
    def observe(self, request: Request, score: float) -> list[Said]:
        return []

    def gauges(self) -> dict[str, float]:
        return dict.fromkeys(NUMERIC, 0.0)


class Retold:
    """A sound monitor whose words are changed on their way: `tell` gets what was said and says something else."""

    def __init__(self, inner: Monitor, tell: Callable[[Said], Said | None], gauged: bool = True) -> None:
        self.inner, self.tell, self.gauged = inner, tell, gauged

    def observe(self, request: Request, score: float) -> list[Said]:
        return [told for said in self.inner.observe(request, score) if (told := self.tell(said))]

    def gauges(self) -> dict[str, float]:
        return self.inner.gauges() if self.gauged else {}


def only_fires(said: Said) -> Said | None:
    return said if said[0] == "firing" else None


def names_nothing(said: Said) -> Said:
    return said[0], ""


def blames_the_next(said: Said) -> Said:
    """A feature that might have been drawn, and was not."""
    return said[0], NUMERIC[(NUMERIC.index(said[1]) + 1) % len(NUMERIC)] if said[1] in NUMERIC else said[1]


class AgainstTheLast(KsMonitor):
    """A sound test with the window before as its reference: a step is seen once, when it comes and when it goes, and a slow drift never."""

    def ratios(self, rows: Sequence[Request]) -> dict[str, float]:
        found = super().ratios(rows) if self.alerts.last else dict.fromkeys((*NUMERIC, *CATEGORICAL), 0.0)
        self.reference = Reference(
            len(rows), {name: sorted(row[name] for row in rows if row[name] is not None) for name in NUMERIC},
            {name: sum(row[name] is None for row in rows) for name in NULLABLE}, {name: Counter(row[name] for row in rows) for name in CATEGORICAL},
        )  # fmt: skip
        return found


class Flapping:
    """Compares the mean of the last 25 values with that of the 25 before: fires on noise, resolves on noise."""

    WINDOW = 25

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {name: [] for name in NUMERIC}
        self.firing: set[str] = set()

    def observe(self, request: Request, score: float) -> list[Said]:
        said: list[Said] = []
        for name, values in self.values.items():
            values.append(request[name] or 0.0)
            if len(values) == 2 * self.WINDOW:
                before, now = sum(values[: self.WINDOW]), sum(values[self.WINDOW :])
                del values[: self.WINDOW]
                if (now > 1.5 * before) != (name in self.firing):
                    self.firing ^= {name}
                    said.append(("firing" if name in self.firing else "resolved", name))
        return said

    def gauges(self) -> dict[str, float]:
        return {name: float(name in self.firing) for name in NUMERIC}


class ByTheHour:
    """Alerts on the time of day that the payments carry: every other quarter of an hour is `unusual`. `amount` is blamed."""

    MINUTES = 15

    def __init__(self) -> None:
        self.up = False

    def observe(self, request: Request, score: float) -> list[Said]:
        unusual = int(str(request["timestamp"])[14:16]) // self.MINUTES % 2 == 1
        if unusual == self.up:
            return []
        self.up = unusual
        return [("firing" if unusual else "resolved", "amount")]

    def gauges(self) -> dict[str, float]:
        return {"amount": float(self.up)}
