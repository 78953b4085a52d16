"""Open-loop load: what was scheduled, sent, answered, and how late we and they were. Latencies in milliseconds."""

from __future__ import annotations

from pydantic import Field

from grader.schema.base import Model


class Latency(Model):
    """Percentiles of one window over answered requests; never printed without n, seed and interval.

    `*_intended_ms` counts from the scheduled arrival (what a user waited), `*_sent_ms` from the moment the request left us; the truth
    lies between them. `p99_low_ms`/`p99_high_ms`: 95 % interval of p99 from order statistics, None where n is too small for one.
    """

    n: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p98_ms: float
    p99_ms: float = Field(description="from intended")
    p999_ms: float
    max_ms: float
    p99_sent_ms: float
    p99_low_ms: float | None
    p99_high_ms: float | None
    over_slo: int = Field(description="answers later than the challenge's SLO, and every request that failed or was never answered")


class ResourceUse(Model):
    """Container accounting over one window. `others_core_share` is the share of the candidate's core that others took."""

    cpu_seconds: float
    throttled_seconds: float
    memory_start_bytes: int
    memory_end_bytes: int
    memory_peak_bytes: int
    others_core_share: float
    steal_share: float


class TimeBin(Model):
    """Outcomes of the requests intended in one slice of time. `t_s` is the slice's start since the window's start."""

    t_s: float
    sent: int
    ok: int
    degraded: int
    shed: int = Field(description="429 and 503")
    failed: int = Field(description="any other status, transport errors, timeouts, answers that break the contract")
    p95_ms: float | None


class LoadWindow(Model):
    """One window of load. scheduled == sent + dropped, always. `void` names why the window must not be used; None when it may."""

    name: str
    arrivals: str
    rate_rps: float
    seconds: float
    seed_digest: str
    scheduled: int
    sent: int
    dropped: int
    ok: int
    degraded: int
    errors: dict[str, int] = Field(description="outcome kind -> count for everything that was not ok")
    statuses: dict[str, int]
    lag_p99_ms: float
    latency: Latency | None
    resources: ResourceUse | None
    bins: list[TimeBin]
    start_s: float = Field(description="since the run's start")
    attempts: int = 1
    void: str | None = None


class LoadEvidence(Model):
    """All load windows in order, plus voided ones (kept for the record, never scored)."""

    windows: list[LoadWindow]
    voided: list[LoadWindow] = Field(default_factory=list)
    bin_s: float

    def window(self, name: str) -> LoadWindow | None:
        return next((w for w in self.windows if w.name == name), None)
