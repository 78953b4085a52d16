"""What the engine is told to send: one plan is one uninterrupted stretch of open-loop load.

Plans travel to the engine as a JSON file; bodies are bytes and are carried as latin-1 text. Standard library only, since the
engine's child process loads this module.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Fields:
    """Names of the answer's fields, from the challenge's contract."""

    id: str
    score: str
    degraded: str
    version: str


@dataclass(frozen=True)
class Plan:
    """`arrivals_s` are ascending offsets in seconds; `bodies[i]` and `ids[i]` belong to arrival i (both may be shorter: they repeat).

    `timeout_s` is the total deadline of one request, connect included. `fields` None means that any 2xx is a good answer.
    `max_connections` 0 means: so many that a slow service can never make us drop (`enough_connections`).

    With `callers` the plan is a closed burst instead: so many callers, each of which sends as soon as it was answered, for `seconds`; what
    is in flight then is forgotten. `arrivals_s` only bounds the number of requests, and a request's intended moment is its sending.

    `also` are further hosts, with the same port, to which `Running.switch` sends what comes from then on.
    """

    host: str
    port: int
    path: str
    arrivals_s: list[float]
    bodies: list[bytes]
    ids: list[str]
    timeout_s: float = 2.0
    slo_ms: float = 100.0
    max_connections: int = 0
    fields: Fields | None = None
    method: str = "POST"
    max_reply_bytes: int = 1 << 14
    callers: int = 0
    seconds: float = 0.0
    also: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        record = asdict(self) | {"bodies": [body.decode("latin-1") for body in self.bodies]}
        path.write_text(json.dumps(record))

    @staticmethod
    def read(path: Path) -> Plan:
        record: dict[str, Any] = json.loads(path.read_text())
        record["bodies"] = [body.encode("latin-1") for body in record["bodies"]]
        record["fields"] = Fields(**record["fields"]) if record["fields"] else None
        return Plan(**record)

    @property
    def hosts(self) -> list[str]:
        """All targets; requests go to the first until they are told otherwise."""
        return [self.host, *self.also]

    @property
    def connections(self) -> int:
        return self.max_connections or self.callers or enough_connections(self.arrivals_s, self.timeout_s)


def enough_connections(arrivals_s: list[float], timeout_s: float) -> int:
    """The most requests that can be in flight at once if nothing is ever answered, plus a reserve.

    A cap below this would let a slow candidate void its own windows by making us drop.
    """
    most, first = 0, 0
    for i, t in enumerate(arrivals_s):
        while arrivals_s[first] < t - timeout_s - 0.25:
            first += 1
        most = max(most, i - first + 1)
    return min(most + 16, 8192)
