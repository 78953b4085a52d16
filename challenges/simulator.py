"""What every challenge's simulator offers: seeded streams of requests with known ground truth, with or without drift.

The simulators themselves are hidden (`challenges/<slug>/private/simulator.py`); this protocol is all that the harness knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """One request and the truth about it.

    `features` is the feature store's answer for the request's customer (one shared dict per customer: do not change it);
    `label` is 0 or 1, drawn with `probability`, the simulator's true P(label = 1) for this row.
    """

    request: dict[str, object]
    features: dict[str, object]
    label: int
    probability: float


@dataclass(frozen=True, slots=True)
class Drift:
    """What is done to a stream. `severity` is in (0, 1]; `feature` is the request field that an alert should blame."""

    kind: str
    severity: float
    feature: str


class Simulator(Protocol):
    """Draws streams. The same `(n, seed, drift)` gives the same rows on every machine; another seed shares no id and no customer.

    For one `(n, seed)`, with and without drift, ids and timestamps are the same by position and a customer's history is the same, so
    that a harness can switch between clean and drifted rows in mid-stream. Nothing in the truth depends on the timestamp.
    """

    def stream(self, n: int, seed: int, drift: Drift | None = None) -> list[Row]:
        """`n` independent rows in order of time. Raises ValueError for a drift that this simulator cannot make."""
        ...
