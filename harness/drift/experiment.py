"""Runs one drift experiment: one open-loop stream through every window, gauges scraped at each window's end, alerts collected."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.challenge import DriftKind
from grader.schema.evidence import DriftEvidence
from harness.client import Client
from harness.drift import record, stream
from harness.drift.gauges import gauges
from harness.drift.plan import Schedule, draw
from harness.drift.record import Received
from harness.load.generator import LoadGenerator, Running
from harness.load.plan import Fields, Plan
from harness.load.schedule import constant
from harness.load.trace import Trace
from harness.telemetry.scraper import scrape

SETTLE_S = 2.0
QUIET_S = 0.4
POLL_S = 0.02
OVERDUE_S = 0.5
"""A window counts as ended so long after its last arrival even if some of its requests could not be sent."""
SCRAPE_DEADLINE_S = 1.0
"""Under the length of the shortest window, so that one slow scrape cannot delay the next."""


class FeatureStore(Protocol):
    def load(self, features: Mapping[str, Mapping[str, object]]) -> None: ...


class Alerts(Protocol):
    """The alert receiver. `drain` hands out what arrived since the last call; `rejected` counts posts in no known format."""

    @property
    def rejected(self) -> int: ...
    def drain(self) -> Sequence[Received]: ...


@dataclass(frozen=True)
class Experiment:
    """A prepared experiment: what will be sent, fixed before the first request."""

    schedule: Schedule
    rows: list[Row]
    seed: int


@dataclass(frozen=True)
class Result:
    """The evidence, and the raw trace for whoever holds other records against it (audit trail, metrics)."""

    evidence: DriftEvidence
    trace: Trace


def prepare(challenge: LoadedChallenge, kinds: Sequence[DriftKind], seed: int) -> Experiment:
    """Draw schedule and rows (about 2 s of CPU for three kinds; may overlap with building)."""
    schedule = draw(challenge.spec.drift, kinds, seed)
    return Experiment(schedule, stream.compose(challenge.simulator(), schedule, seed, challenge.spec.contract.id_field), seed)


def run(
    experiment: Experiment, generator: LoadGenerator, client: Client, challenge: LoadedChallenge, feature_store: FeatureStore, alerts: Alerts,
    *, rate_rps: float, since: float,
) -> Result:  # fmt: skip
    """Stream the experiment. `rate_rps` as from `rate.affordable`; `since` is the CLOCK_MONOTONIC start of the run.

    Alerts that were still firing when the stream began stand in the evidence with request 0. Raises Trouble when the generator or a
    sidecar breaks; a candidate that stops answering is a fact, not an error.
    """
    rate = min(rate_rps, challenge.spec.drift.max_rate_rps)
    feature_store.load(stream.customers(experiment.rows))
    received = record.unresolved(alerts.drain())
    running = generator.start(_plan(experiment, client, challenge, rate))
    with _Scraper(running, experiment.schedule, client, challenge.spec.contract.metrics) as scraper:
        trace = running.wait()
    received += _settled(alerts, received)
    return Result(_evidence(experiment, challenge, trace, scraper.taken, received, alerts.rejected, rate, since), trace)


def _plan(experiment: Experiment, client: Client, challenge: LoadedChallenge, rate: float) -> Plan:
    contract = challenge.spec.contract
    n = len(experiment.rows)
    return Plan(
        host=client.host, port=client.port, path=contract.predict, arrivals_s=constant(rate, n / rate, experiment.seed),
        bodies=[json.dumps(row.request).encode() for row in experiment.rows], ids=[str(row.request[contract.id_field]) for row in experiment.rows],
        slo_ms=challenge.spec.reality.slo_p99_ms,
        fields=Fields(id=contract.id_field, score=contract.score_field, degraded=contract.degraded_field, version=contract.version_field),
    )  # fmt: skip


class _Scraper:
    """A thread that scrapes the gauges as soon as a window's last request has left. `taken` is by window index."""

    def __init__(self, running: Running, schedule: Schedule, client: Client, path: str) -> None:
        self._running = running
        self._ends = schedule.ends
        self._client = client
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="drift-scraper")
        self.taken: dict[int, dict[str, float]] = {}

    def __enter__(self) -> _Scraper:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """After the plan has ended only the last window's scrape is still due; after an error none is."""
        if error is not None:
            self._ends = []
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        arrivals = self._running.plan.arrivals_s
        for index, end in enumerate(list(self._ends)):
            overdue = self._running.t0 + arrivals[end - 1] + OVERDUE_S
            while not (self._over.is_set() or self._running.progress() >= end or time.monotonic() > overdue):
                self._over.wait(POLL_S)
            if index >= len(self._ends):
                return
            taken = scrape(self._client, f"window_{index}", self._path, deadline_s=SCRAPE_DEADLINE_S)
            self.taken[index] = gauges(taken.families)


def _settled(alerts: Alerts, before: Sequence[Received]) -> list[Received]:
    """Alerts since the start, once nothing is firing and nothing new arrives, or at the deadline."""
    received = list(alerts.drain())
    deadline = time.monotonic() + SETTLE_S
    quiet_since = time.monotonic()
    while (now := time.monotonic()) < deadline:
        if now - quiet_since >= QUIET_S and not record.unresolved([*before, *received]):
            break
        time.sleep(POLL_S)  # pace of polling; the condition above ends the wait
        if more := alerts.drain():
            received += more
            quiet_since = now
    return received


def _evidence(
    experiment: Experiment, challenge: LoadedChallenge, trace: Trace, scraped: Mapping[int, dict[str, float]], received: Sequence[Received],
    rejected: int, rate: float, since: float,
) -> DriftEvidence:  # fmt: skip
    schedule = experiment.schedule
    return DriftEvidence(
        rate_rps=rate, window=challenge.spec.drift.window, runs=record.runs(schedule), fields=record.fields(experiment.rows),
        windows=record.windows(schedule, trace, scraped, since), alerts=record.alerts(received, schedule, trace, since),
        webhook_rejected=rejected, quality=record.control_quality(schedule, experiment.rows, trace), void=record.void(schedule, trace),
    )  # fmt: skip
