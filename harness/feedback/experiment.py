"""Runs one experiment on late labels: predictions as one open-loop stream, their labels beside it, until another model answers.

    calm > the relation turns (labels still come) > [another version answers] > held-out rows > inverted labels > what they left

The last three are skipped where no other version came up: there is nothing to judge by them then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from challenges.loader import LoadedChallenge
from grader.schema.challenge import Challenge, FeedbackPlan
from grader.schema.evidence import FeedbackEvidence, GaugeReading, LoadEvidence, StressEvidence, VersionDocument
from harness.client import Client
from harness.drift import record as drift_record
from harness.drift.experiment import Alerts, FeatureStore
from harness.drift.gauges import gauges
from harness.drift.rate import affordable
from harness.drift.stream import customers
from harness.feedback import document, record
from harness.feedback.labels import Due, Labels
from harness.feedback.plan import Experiment, draw
from harness.load.generator import LoadGenerator, Running
from harness.load.plan import Plan
from harness.load.schedule import constant
from harness.load.supply import fields
from harness.load.trace import Trace
from harness.telemetry.scraper import scrape

POLL_S = 0.05
READING_EVERY = 200
"""Requests between two readings of the gauges."""
SCRAPE_DEADLINE_S = 1.0
TAIL_S = 2.2
"""Streaming goes on so long after the first answer of a new version, so that whatever the switch costs is seen."""
WITH_LABELS = 0.6
"""A label may cost as much as a prediction: so much of the rate that half of the capacity affords leaves room for both, and for training."""


@dataclass(frozen=True)
class Result:
    """The evidence, and the raw trace for whoever holds other records against it."""

    evidence: FeedbackEvidence
    trace: Trace


def prepare(challenge: LoadedChallenge, plan: FeedbackPlan | None, seed: int) -> Experiment | None:
    return draw(challenge.simulator(), plan, seed) if plan else None


def rate_of(challenge: Challenge, load: LoadEvidence | None, stress: StressEvidence | None) -> float:
    """Predictions per second, with as many labels beside them. Never above the drift experiment's, and below the production rate only where
    that is."""
    most = affordable(challenge.model_copy(update={"drift": challenge.drift.model_copy(update={"max_rate_rps": inf})}), load, stress)
    return min(challenge.drift.max_rate_rps, max(min(most, challenge.reality.rate_rps), WITH_LABELS * most))


def run(
    experiment: Experiment, generator: LoadGenerator, client: Client, challenge: LoadedChallenge, feature_store: FeatureStore, alerts: Alerts,
    plan: FeedbackPlan, *, rate_rps: float, since: float,
) -> Result:  # fmt: skip
    """Stream the experiment. `rate_rps` as from `rate_of`; `since` is the CLOCK_MONOTONIC start of the run.

    Raises Trouble when the generator or a sidecar breaks; a candidate that stops answering or takes no labels is a fact, not an error.
    """
    feature_store.load(customers(experiment.rows))
    before = drift_record.unresolved(alerts.drain())
    with Labels(client.host, client.port, challenge.spec.contract.feedback) as labels:
        stream = _Stream(experiment, generator, client, challenge.spec, plan, labels, rate_rps, since)
        first, second = stream.run()
    trace = record.join(first, second, experiment.segment("held_out").first)
    found = record.segments(experiment, trace, labels.posted, since)
    evidence = FeedbackEvidence(
        rate_rps=rate_rps, delay_s=plan.delay_s, segments=found, switches=record.switches(trace, labels.posted, since), documents=stream.documents,
        readings=stream.readings, alerts=drift_record.alerts([*before, *alerts.drain()], record.spans(found), trace, since),
        labels_refused=stream.refused, void=record.void(trace),
    )  # fmt: skip
    return Result(evidence, trace)


class _Stream:
    """The two plans of one experiment, and what is read while they run."""

    def __init__(
        self, experiment: Experiment, generator: LoadGenerator, client: Client, challenge: Challenge, plan: FeedbackPlan, labels: Labels,
        rate_rps: float, since: float,
    ) -> None:  # fmt: skip
        self._experiment, self._generator, self._client, self._labels = experiment, generator, client, labels
        self._contract, self._slo_ms, self._plan = challenge.contract, challenge.reality.slo_p99_ms, plan
        self._rate, self._since = rate_rps, since
        self.documents: list[VersionDocument] = []
        self.readings: list[GaugeReading] = []
        self.refused = False

    def run(self) -> tuple[Trace, Trace | None]:
        """The trace up to the switch (or the bound), and that of what followed, if anything did."""
        self._document("before")
        end = self._experiment.segment("concept").last
        running = self._start(0, end)
        switched = self._until_switched(running)
        if running.progress() < end:
            sent = running.progress()
            first = running.finish()
            self._labels.forget_from(max(sent, len(first)), end)
        else:
            first = running.wait()
        return first, self._afterwards() if switched and not self.refused else None

    def _afterwards(self) -> Trace:
        first, last = self._experiment.segment("held_out").first, self._experiment.segment("after").last
        running = self._start(first, last)
        self._document("retrained")
        for _ in self._watch(running, first):
            pass
        trace = running.wait()
        self._document("end")
        return trace

    def _until_switched(self, running: Running) -> bool:
        """Watch until a version comes up that calm traffic did not know, and TAIL_S longer; False if none does, or no label is taken.

        No label of a turned row can have arrived before the calm ones' last and the shortest delay: what changes before that is calm's.
        """
        calm = self._experiment.segment("calm").last + round(self._plan.delay_s[0] * self._rate)
        known: int | None = None
        switched_at: float | None = None
        for sent in self._watch(running, 0):
            now = time.monotonic()
            if self._labels.refused:
                self.refused = True
                return False
            if sent < calm:
                continue
            known = running.versions() if known is None else known
            if switched_at is None and running.versions() > known:
                switched_at = now
            if switched_at is not None and now - switched_at >= TAIL_S:
                break
        return switched_at is not None

    def _watch(self, running: Running, first: int) -> Iterator[int]:
        """Requests sent, time and again until the plan's last; reads the gauges on the way."""
        total = len(running.plan.arrivals_s)
        overdue = running.t0 + running.plan.arrivals_s[-1] + 0.5  # some of the last may never be sent
        reading = READING_EVERY
        while (sent := running.progress()) < total and time.monotonic() < overdue:
            yield sent
            if sent >= reading:
                reading += READING_EVERY
                self._read(first + sent)
            time.sleep(POLL_S)  # pace of polling; the condition above ends the wait
        yield sent
        self._read(first + sent)

    def _start(self, first: int, last: int) -> Running:
        """A plan over rows [first, last), and its labels."""
        rows, seed = self._experiment.rows[first:last], self._experiment.seed
        id_field = self._contract.id_field
        arrivals = constant(self._rate, len(rows) / self._rate, seed)
        running = self._generator.start(
            Plan(
                host=self._client.host, port=self._client.port, path=self._contract.predict, arrivals_s=arrivals,
                bodies=[json.dumps(row.request).encode() for row in rows], ids=[str(row.request[id_field]) for row in rows], slo_ms=self._slo_ms,
                fields=fields(self._contract),
            )
        )  # fmt: skip
        moments = {first + i: running.t0 + offset for i, offset in enumerate(running.plan.arrivals_s)}
        self._labels.add(Due(at + self._experiment.delays_s[i], i, body) for i, at in moments.items() if (body := self._body(i)) is not None)
        return running

    def _body(self, position: int) -> bytes | None:
        label = self._experiment.label(position)
        row = self._experiment.rows[position].request
        return None if label is None else json.dumps({self._contract.id_field: row[self._contract.id_field], "label": label}).encode()

    def _document(self, moment: document.Moment) -> None:
        self.documents.append(document.read(self._client, self._contract, moment, self._since))

    def _read(self, request: int) -> None:
        taken = scrape(self._client, "feedback", self._contract.metrics, self._since, SCRAPE_DEADLINE_S)
        self.readings.append(GaugeReading(at_s=taken.at_s, request=request, gauges=gauges(taken.families)))


