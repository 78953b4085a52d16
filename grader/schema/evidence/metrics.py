"""Scrapes of the candidate's metrics route, beside the truth of what was sent between them."""

from __future__ import annotations

from pydantic import Field

from grader.schema.base import Model


class Sample(Model):
    name: str
    labels: dict[str, str]
    value: float | None = Field(description="None stands for NaN or infinity")


class Family(Model):
    """One metric family as parsed from the Prometheus text format."""

    name: str
    type: str
    samples: list[Sample]


class Scrape(Model):
    """One scrape. `moment` is a name such as `before_steady`; `problem` says why it could not be parsed."""

    moment: str
    at_s: float
    status: int | None
    seconds: float
    bytes: int
    content_type: str
    problem: str | None
    families: list[Family]
    truncated: bool = False
    series: dict[str, int] = Field(default_factory=dict, description="family -> its series, counted before any was cut")


class SentTruth(Model):
    """What our own client measured between the scrapes `since` and `until`."""

    since: str
    until: str
    sent: int
    statuses: dict[str, int]
    mean_latency_ms: float | None
    score_n: int
    score_mean: float | None
    score_sd: float | None


class ScrapeCost(Model):
    """What one scrape cost while requests were sent. `rps`: requests per second that our client sent around it."""

    at_s: float
    status: int | None
    seconds: float
    bytes: int
    rps: float
    error: str | None = None


class MetricsEvidence(Model):
    scrapes: list[Scrape]
    truths: list[SentTruth]
    under_load: list[ScrapeCost] = Field(default_factory=list)
    canaries_found: int | None = Field(default=None, description="personal values of our requests in the exposition; None: it was not read for them")

    def scrape(self, moment: str) -> Scrape | None:
        return next((s for s in self.scrapes if s.moment == moment), None)

    def truth(self, since: str) -> SentTruth | None:
        return next((t for t in self.truths if t.since == since), None)
