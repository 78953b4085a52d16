"""The engine's recording of one plan: preallocated columns in the child, one flat file on the way to the reader.

Standard library only (the child stays small); harness.load.trace turns the file into numpy arrays.
"""

from __future__ import annotations

import struct
from array import array
from math import nan
from pathlib import Path

from harness.load.answer import Answer
from harness.load.outcomes import Outcome

COLUMNS: dict[str, str] = {
    "intended": "d", "sent": "d", "received": "d", "done": "d", "score": "d",
    "status": "h", "outcome": "b", "degraded": "b", "retries": "b", "version": "h", "target": "b",
}  # fmt: skip
"""Column -> array type code, in file order. Times are CLOCK_MONOTONIC seconds; NaN where a stamp does not exist."""

COUNTERS = struct.Struct("qqqqqq")
"""Shared live with the parent: requests sent, ended, dropped, late (over the SLO, or no valid prediction), distinct model
versions in answers, and valid predictions from another than the first host, so far in the current plan."""

MAX_VERSIONS = 64


class Tape:
    """One row per scheduled arrival, filled in any order."""

    def __init__(self, t0: float, arrivals_s: list[float]) -> None:
        n = len(arrivals_s)
        self.t0 = t0
        self.intended = array("d", [t0 + offset for offset in arrivals_s])
        self.sent, self.received, self.done, self.score = (array("d", [nan]) * n for _ in range(4))
        self.status, self.version = array("h", [0]) * n, array("h", [-1]) * n
        self.outcome = array("b", [Outcome.CANCELLED]) * n
        self.degraded, self.retries, self.target = (array("b", [0]) * n for _ in range(3))
        self.versions: dict[str, int] = {}

    def keep(self, i: int, answer: Answer) -> None:
        """Note what a complete answer said."""
        self.outcome[i] = answer.outcome
        self.score[i] = answer.score
        self.degraded[i] = answer.degraded
        if answer.version is not None and (answer.version in self.versions or len(self.versions) < MAX_VERSIONS):
            self.version[i] = self.versions.setdefault(answer.version, len(self.versions))

    def write(self, path: Path) -> None:
        with path.open("wb") as file:
            for name in COLUMNS:
                getattr(self, name).tofile(file)
