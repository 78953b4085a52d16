"""Scrapes of the metrics route, and the truth of what we sent between two of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection, Sequence
from statistics import fmean

import numpy as np

from challenges.loader import LoadedChallenge
from challenges.simulator import Row
from grader.schema.evidence import MetricsEvidence, Scrape, ScrapeCost, SentTruth
from harness.client import Client
from harness.load.trace import Trace
from harness.telemetry import exposition, personal
from harness.text import one_line

ACCEPT = "text/plain;version=0.0.4;q=1,*/*;q=0.1"
"""Asks for the text format: some libraries answer OpenMetrics or protobuf to whoever does not say."""
DEADLINE_S = 2.0
IDLE_SCRAPES = 10
BAD_REQUESTS = 20


def scrape(client: Client, moment: str, path: str = "/metrics", since: float = 0.0, deadline_s: float = DEADLINE_S) -> Scrape:
    """One scrape. `since` is the CLOCK_MONOTONIC moment from which `at_s` counts. Never raises for what the candidate answers."""
    at = time.monotonic()
    reply = client.request("GET", path, headers={"Accept": ACCEPT}, deadline_s=deadline_s, max_bytes=exposition.MAX_BYTES)
    facts = {
        "moment": moment, "at_s": round(at - since, 6), "status": reply.status, "seconds": round(reply.seconds, 6),
        "bytes": len(reply.body), "content_type": one_line(reply.headers.get("content-type", ""), 100),
    }  # fmt: skip
    if not reply.ok:
        why = f"no whole answer: {reply.error}" if reply.error else f"status {reply.status}"
        return Scrape(**facts, problem=why, families=[], truncated=reply.error == "too_large")
    parsed = exposition.parse(reply.body)
    return Scrape(**facts, problem="; ".join(parsed.problems) or None, families=parsed.families, truncated=parsed.truncated, series=parsed.series)


class Telemetry:
    """Collects the metrics evidence of one run: scrapes at named moments, and the truths between them.

    Moments that checks know: `idle_0`..`idle_9`, `before_steady`, `after_steady`, `before_errors`, `after_errors`;
    `before_drift`, `after_drift` are there for what does not answer a scrape around the steady load.
    """

    def __init__(self, client: Client, challenge: LoadedChallenge, since: float) -> None:
        self.client = client
        self.challenge = challenge
        self.since = since
        self._scrapes: list[Scrape] = []
        self._truths: list[SentTruth] = []
        self._under_load: list[ScrapeCost] = []
        self._canaries_found: int | None = None

    def scrape(self, moment: str) -> Scrape:
        """Scrape now and keep it. A moment scraped again (its window was void and ran again) replaces the older scrape."""
        taken = scrape(self.client, moment, self.challenge.spec.contract.metrics, self.since)
        self._scrapes = [kept for kept in self._scrapes if kept.moment != moment] + [taken]
        return taken

    def sent(self, since: str, until: str, trace: Trace) -> SentTruth:
        """Keep what a trace of load did between two scrapes."""
        return self._keep(truth_of(since, until, trace))

    def idle(self, scrapes: int = IDLE_SCRAPES) -> None:
        """Scrapes in a row with nothing sent between them: a counter that falls is one worker's, not the service's."""
        for number in range(scrapes):
            self.scrape(f"idle_{number}")

    def look_for(self, canaries: Collection[str]) -> None:
        """Read the exposition once more, for personal values of requests that were sent. An answer that is none says nothing."""
        reply = self.client.request("GET", self.challenge.spec.contract.metrics, headers={"Accept": ACCEPT}, max_bytes=exposition.MAX_BYTES)
        self._canaries_found = personal.standing(reply.body, canaries) if reply.ok else None

    def errors(self, rows: Sequence[Row], requests: int = BAD_REQUESTS) -> SentTruth:
        """Send wrong requests between the scrapes `before_errors` and `after_errors`: does the service count its 4xx answers?"""
        self.scrape("before_errors")
        statuses: Counter[str] = Counter()
        latencies: list[float] = []
        for body in bad_bodies(self.challenge, rows, requests):
            reply = self.client.request("POST", self.challenge.spec.contract.predict, body=body, headers={"Content-Type": "application/json"})
            statuses[str(reply.status) if reply.status is not None else reply.error or "no_answer"] += 1
            latencies += [reply.seconds * 1e3] if reply.status is not None else []
        self.scrape("after_errors")
        return self._keep(
            SentTruth(
                since="before_errors", until="after_errors", sent=sum(statuses.values()), statuses=dict(sorted(statuses.items())),
                mean_latency_ms=fmean(latencies) if latencies else None, score_n=0, score_mean=None, score_sd=None,
            )
        )  # fmt: skip

    def evidence(self) -> MetricsEvidence:
        return MetricsEvidence(
            scrapes=list(self._scrapes), truths=list(self._truths), under_load=list(self._under_load), canaries_found=self._canaries_found
        )

    def cost(self, taken: Sequence[ScrapeCost]) -> None:
        """Keep what scrapes cost while requests were sent; a stage that runs again replaces them."""
        self._under_load = list(taken)

    def _keep(self, truth: SentTruth) -> SentTruth:
        self._truths = [kept for kept in self._truths if kept.since != truth.since] + [truth]
        return truth


def bad_bodies(challenge: LoadedChallenge, rows: Sequence[Row], count: int) -> list[bytes]:
    """Requests that no service may accept: broken JSON, a required field missing, text where a number belongs, a bare list."""
    numbers = challenge.spec.contract.numeric_fields
    bodies: list[bytes] = []
    for i in range(count):
        request = dict(rows[i % len(rows)].request)
        field = numbers[i % len(numbers)]
        whole = json.dumps(request).encode()
        without = json.dumps({key: value for key, value in request.items() if key != field}).encode()
        bodies.append((whole[: len(whole) // 2], without, json.dumps(request | {field: "much"}).encode(), b"[" + whole + b"]")[i % 4])
    return bodies


def truth_of(since: str, until: str, trace: Trace) -> SentTruth:
    """A trace as counts and means. Latency is from the moment a request left us to its last byte, over complete answers.

    `statuses` counts answers by status, and by outcome what never became one (timeout, reset, ...).
    """
    answered = trace.was_sent & (trace.status > 0)
    latency = (trace.received - trace.sent)[answered]
    latency = latency[np.isfinite(latency)]
    scores = trace.score[trace.valid]
    scores = scores[np.isfinite(scores)]
    unanswered = trace.where(trace.was_sent & (trace.status <= 0)).counts()
    return SentTruth(
        since=since, until=until, sent=int(np.count_nonzero(trace.was_sent)), statuses=dict(sorted((trace.statuses() | unanswered).items())),
        mean_latency_ms=1e3 * float(latency.mean()) if len(latency) else None, score_n=len(scores),
        score_mean=float(scores.mean()) if len(scores) else None, score_sd=float(scores.std(ddof=1)) if len(scores) > 1 else None,
    )  # fmt: skip
