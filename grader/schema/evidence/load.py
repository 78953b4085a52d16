"""Open-loop load: what was scheduled, sent, answered, and how late we and they were. Latencies in milliseconds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.schema.base import Model


class Latency(Model):
    """Percentiles of one window over valid predictions, from the intended arrival (what a user waited); never printed without n, seed and interval.

    `p99_sent_ms` counts from the moment the request left us: the truth lies between the two. `intervals`: percentile name ("p50", "p95",
    "p98", "p99", "p999") -> its 95 % interval in ms from order statistics; a percentile for which n is too small has none.
    """

    n: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p98_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    p99_sent_ms: float
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    curve: list[tuple[float, float]] = Field(default_factory=list, description="(share of requests, ms), ascending: the percentile curve")
    over_slo: int = Field(description="answers later than the challenge's SLO, and every request that failed or was never answered")

    def interval(self, name: str) -> tuple[float | None, float | None]:
        """The ends of a percentile's 95 % interval, None where n is too small for one."""
        return self.intervals.get(name, (None, None))


class ResourceSample(Model):
    """The container at one moment of a window. Counters start at the window's start; `open_files` None where the host does not show them."""

    t_s: float
    requests: int = Field(description="sent so far in the window")
    cpu_s: float
    throttled_s: float
    memory_bytes: int
    open_files: int | None = None


class ResourceUse(Model):
    """Container accounting over one window.

    `others_core_share` is the share of the candidate's core that others took. What the engine spent on copying a flood of the
    candidate's own log lines is the candidate's doing and is not in it; `log_bytes` tells how much it logged. With `prioritised` the
    candidate's cgroup goes before all ordinary work of the host: what others took is then only what it left idle. `store_wait_share` is the
    share of the time in which our feature store was ready to run and had no core, `store_wait_longest_s` the most of it between two samples
    (half a second): what it answers late then is our doing.
    """

    cpu_seconds: float
    throttled_seconds: float
    memory_start_bytes: int
    memory_end_bytes: int
    memory_peak_bytes: int
    others_core_share: float
    steal_share: float
    store_wait_share: float | None = None
    store_wait_longest_s: float | None = None
    prioritised: bool = False
    log_bytes: int | None = None
    open_files_peak: int | None = None
    samples: list[ResourceSample] = Field(default_factory=list)


class TimeBin(Model):
    """Outcomes of the requests intended in one slice of time. `t_s` is the slice's start since the window's start."""

    t_s: float
    sent: int
    ok: int
    degraded: int
    shed: int = Field(description="429 and 503 within a second")
    failed: int = Field(description="any other status, transport errors, timeouts, answers that break the contract")
    p95_ms: float | None


class SlowClients(Model):
    """What became of the connections that sent their request one byte at a time while the window ran."""

    connections: int
    byte_every_s: float
    opened: int
    cut_by_service: int = Field(description="ended by the service, with or without an answer, before the window was over")
    first_cut_s: float | None = None
    in_body: int = Field(default=0, description="of them: those whose headers arrived at once and whose body was still on its way")


class LoadWindow(Model):
    """One window of load. scheduled == sent + dropped, always. `void` names why the window must not be used; None when it may."""

    name: str
    arrivals: str
    rate_rps: float = Field(description="of a ramp: the rate at its end")
    rate_from_rps: float | None = Field(default=None, description="of a ramp: the rate at its start")
    seconds: float
    seed_digest: str
    scheduled: int
    sent: int
    dropped: int
    ok: int
    degraded: int
    errors: dict[str, int] = Field(description="outcome kind -> count for everything that was not ok")
    statuses: dict[str, int]
    retried: int = Field(default=0, description="sent once more, because the service closed an idle connection just then")
    lag_p99_ms: float
    latency: Latency | None
    alike_share: float | None = Field(default=None, description="largest share of the valid predictions that carry one and the same score")
    rank_correlation: float | None = Field(
        default=None, description="Spearman, of the scores of undegraded answers with the hidden true probabilities; None for too few"
    )
    resources: ResourceUse | None
    slow_clients: SlowClients | None = None
    bins: list[TimeBin]
    start_s: float = Field(description="since the run's start")
    attempts: int = 1
    void: str | None = None


class ControlReading(Model):
    """The control container (a fixed tiny server of ours, under the candidate's flags and on its core) under a fixed profile."""

    moment: str
    at_s: float
    n: int
    rate_rps: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_request: float


class BatchTrial(Model):
    """One prediction per request (`size` 1), or `size` of them per request on the batch route."""

    size: int
    requests: int
    answered: int
    p50_ms: float | None
    cpu_ms_per_prediction: float | None


class BatchEvidence(Model):
    """The optional batch route, where there is one. `found` None: no such route; else how it wants its items."""

    route: str
    found: str | None = None
    trials: list[BatchTrial] = Field(default_factory=list)


class LoadEvidence(Model):
    """All load windows in order, plus voided ones (kept for the record, never scored)."""

    windows: list[LoadWindow]
    voided: list[LoadWindow] = Field(default_factory=list)
    control: list[ControlReading] = Field(default_factory=list)
    batch: BatchEvidence | None = None
    bin_s: float

    def window(self, name: str) -> LoadWindow | None:
        return next((w for w in self.windows if w.name == name), None)


class BurstStep(Model):
    """A closed burst: `concurrency` callers, each of which sends as soon as it was answered."""

    concurrency: int
    seconds: float
    answered: int = Field(description="valid predictions")
    rate_rps: float
    cpu_share: float | None = Field(description="share of the container's CPU limit in use; None without accounting")


class CapacityTrial(Model):
    """One open-loop trial at one rate. `held` says whether it met the SLO; None when the trial is void."""

    phase: Literal["search", "confirm"]
    rate_rps: float
    seconds: float
    sent: int
    over_slo: int
    p95_ms: float | None
    p99_ms: float | None
    shed: int
    degraded: int
    cpu_share: float | None
    peak_in_flight: int
    aborted: bool = Field(description="ended early, because more requests were late or in flight than the SLO allows")
    held: bool | None
    void: str | None = None


class Capacity(Model):
    """The highest rate at which the service meets its SLO, found by trials and confirmed by a longer one.

    `rate_rps` is the published lower bound: what the confirmation ran at and held; None when no rate held. `failed_rps` is the lowest
    rate that did not hold; None when none failed. `limited_by` says what ended the search: the service, or we could not or would not
    send more (then the truth is no lower). `void` names why nothing may be said.
    """

    rate_rps: float | None
    failed_rps: float | None
    saturation_rps: float = Field(description="best rate of the closed bursts")
    parallelism: float | None = Field(description="best rate of the closed bursts / rate with one caller")
    limited_by: Literal["service", "generator", "highest_rate"]
    highest_rps: float = Field(description="what the search would not go beyond")
    cpu_ms_per_request: float | None = Field(description="CPU time per request under full load")
    bursts: list[BurstStep]
    trials: list[CapacityTrial]
    seconds: float
    void: str | None = None

    @property
    def most_rps(self) -> float:
        """What it was seen to answer at most, in time or late; 0.0 for nothing."""
        return max(self.saturation_rps, self.rate_rps or 0.0)


class StressEvidence(Model):
    """Profiles whose rates follow from what was measured: the capacity search, overload beyond it, a soak below it."""

    capacity: Capacity | None = None
    overload: LoadWindow | None = None
    relief: LoadWindow | None = Field(default=None, description="straight after the overload, at most at the production rate")
    soak: LoadWindow | None = None
    voided: list[LoadWindow] = Field(default_factory=list)
    control: list[ControlReading] = Field(default_factory=list)
    bin_s: float
