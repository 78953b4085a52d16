"""What a scrape costs while requests are sent: its time and size, and how many requests our client sent around it.

A thread of its own asks the metrics route at a pace; the load goes on beside it. Nothing of the answers is kept.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

import numpy as np

from grader.schema.evidence import ScrapeCost
from harness.client import Client
from harness.load.trace import Trace
from harness.telemetry.exposition import MAX_BYTES
from harness.telemetry.scraper import ACCEPT

EVERY_S = 1.5
MOST = 20
DEADLINE_S = 10.0
"""Prometheus's own scrape timeout."""
AROUND_S = 1.0


class ScrapesUnderLoad:
    """Scrapes from entry to exit. An exit waits for the scrape that is under way, at most DEADLINE_S."""

    def __init__(self, client: Client, path: str, since: float, every_s: float = EVERY_S) -> None:
        self._client, self._path, self._since, self._every_s = client, path, since, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._scrape, name="scrapes-under-load", daemon=True)
        self._taken: list[ScrapeCost] = []

    def __enter__(self) -> ScrapesUnderLoad:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def costs(self, load: Trace) -> list[ScrapeCost]:
        """What was taken, each with the rate at which the trace sent requests within `AROUND_S` of it."""
        sent = np.sort(load.sent[load.was_sent])
        return [cost.model_copy(update={"rps": round(self._rate(sent, cost), 3)}) for cost in self._taken]

    def _rate(self, sent: np.ndarray, cost: ScrapeCost) -> float:
        begin, end = cost.at_s + self._since - AROUND_S, cost.at_s + self._since + cost.seconds + AROUND_S
        return float(np.searchsorted(sent, end) - np.searchsorted(sent, begin)) / (end - begin)

    def _scrape(self) -> None:
        while len(self._taken) < MOST and not self._over.wait(self._every_s):
            at = time.monotonic()
            reply = self._client.request("GET", self._path, headers={"Accept": ACCEPT}, deadline_s=DEADLINE_S, max_bytes=2 * MAX_BYTES)
            self._taken.append(
                ScrapeCost(
                    at_s=round(at - self._since, 6), status=reply.status, seconds=round(reply.seconds, 6), bytes=len(reply.body), rps=0.0,
                    error=reply.error,
                )
            )  # fmt: skip
