"""A challenge as data: what is asked of candidates, in which production reality, and how it is exercised.

Written by people as `challenges/<slug>/challenge.toml`, validated by `challenges.loader`, and copied whole into every evidence
bundle, so that scoring a bundle needs nothing but the bundle.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from grader.schema.base import Model


class Reality(Model):
    """The production reality that a submission is judged against."""

    serving: Literal["online", "batch"]
    slo_p99_ms: float = Field(gt=0)
    rate_rps: float = Field(gt=0, description="steady arrival rate, requests per second")
    burst_factor: float = Field(ge=1, description="spike rate as a multiple of rate_rps")
    retraining: str
    audit: str
    cost: str


class Limits(Model):
    """What the candidate's container gets; stated in the brief."""

    cpus: float = Field(gt=0)
    memory_mib: int = Field(gt=0)
    pids: int = Field(gt=0)
    tmp_mib: int = Field(gt=0)
    data_mib: int = Field(gt=0)
    log_mib: int = Field(gt=0)
    repository_mib: int = Field(gt=0)
    repository_files: int = Field(gt=0)
    build_timeout_s: float = Field(gt=0)
    build_memory_mib: int = Field(gt=0)
    build_log_kib: int = Field(gt=0)
    ready_timeout_s: float = Field(gt=0)


class Contract(Model):
    """The routes and documents of the service contract. Paths of files are relative to the challenge folder."""

    predict: str
    health: str
    ready: str
    metrics: str
    feedback: str
    version: str
    batch: str = Field(default="", description="optional route for many predictions at once; measured, never scored")
    port: int = Field(gt=0, lt=65536, description="usual value of PORT, as the brief names it; a grading draws another one")
    drift_window: int = Field(gt=0)
    model_path_env: str
    audit_file: str = Field(description="relative to DATA_DIR")
    request_schema: str
    response_schema: str
    samples: str = Field(description="folder of sample payloads")
    id_field: str
    score_field: str
    degraded_field: str
    version_field: str
    decision_field: str = Field(default="", description="answer field that says what to do; empty: answers hold none")
    decision_order: list[str] = Field(default_factory=list, description="its values, from what the lowest scores get to what the highest get")
    numeric_fields: list[str]
    nullable_fields: list[str]
    canary_fields: list[str] = Field(default_factory=list, description="request fields whose values must never appear in logs")


class LoadWindowPlan(Model):
    """One planned window of open-loop load. A `gapless` one follows its predecessor without a pause, as part of one schedule."""

    name: str
    arrivals: Literal["constant", "poisson", "ramp"]
    rate_factor: float = Field(gt=0, description="multiple of reality.rate_rps; of a ramp: at its end")
    rate_factor_from: float = Field(default=0.1, gt=0, description="of a ramp: at its start")
    seconds: float = Field(gt=0)
    gapless: bool = False
    slow_clients: int = Field(default=0, ge=0, le=256, description="connections beside the load that send one byte at a time")


class StressPlan(Model):
    """Profiles whose rates follow from what is measured. Every part may be left out by 0 seconds."""

    highest_factor: float = Field(default=50, gt=0, description="multiple of reality.rate_rps beyond which capacity is not searched")
    burst_s: float = Field(default=0.4, gt=0, description="per step of the closed bursts")
    trial_s: float = Field(default=2, gt=0)
    confirm_s: float = Field(default=5, gt=0)
    search_s: float = Field(default=18, ge=0, description="the whole capacity search; 0: none")
    overload_factor: float = Field(default=1.5, gt=1, description="multiple of what it answers at most")
    overload_s: float = Field(default=6, ge=0)
    soak_factor: float = Field(default=3, gt=0, description="multiple of reality.rate_rps, but never over soak_share of the capacity")
    soak_share: float = Field(default=0.5, gt=0, lt=1)
    soak_s: float = Field(default=20, ge=0)


class DriftKind(Model):
    """One kind of drift: a run per severity, each on a feature that is drawn for the submission."""

    kind: str
    severities: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)
    features: list[str] = Field(default_factory=list, description="request fields of which one is drawn per run; none: no single input is to blame")


class Prices(Model):
    """What a machine costs, for cost per million predictions. Written as `prices.toml`; the operator may give another one."""

    currency: str
    date: str = Field(description="when the prices were read, ISO")
    source: str = Field(description="where they come from, for people")
    vcpu_hour: float = Field(gt=0)
    gib_hour: float = Field(ge=0, description="memory")
    utilisation: float = Field(gt=0, le=1, description="share of a machine's capacity that production traffic uses on average")


class DriftPlan(Model):
    """Window counts of the drift experiment. Rates are requests per second; the harness never exceeds half the capacity it saw."""

    window: int = Field(gt=0)
    control_windows: int = Field(gt=0)
    drifted_windows: int = Field(gt=0)
    recovery_windows: int = Field(gt=0)
    max_rate_rps: float = Field(gt=0)
    must_detect: dict[str, float] = Field(description="kind -> the severity from which a sound monitor notices it; weaker runs only draw the curve")


class FeedbackPlan(Model):
    """The experiment on late labels, in requests: calm, then a turned relation with labels, held-out rows, inverted labels, and what they left."""

    calm: tuple[int, int] = Field(default=(1400, 1800), description="shortest and longest; nothing is wrong yet")
    concept: int = Field(default=4000, gt=0, description="at most, until answers name another model version")
    held_out: int = Field(default=1500, gt=0, description="of the same relation, never labelled: what did retraining gain?")
    inverted: int = Field(default=1000, gt=0, description="whose labels are inverted: a join gone wrong")
    settling: int = Field(default=900, gt=0, description="while the last inverted labels arrive")
    after: int = Field(default=800, gt=0, description="never labelled: what serves now?")
    delay_s: tuple[float, float] = Field(default=(1.0, 2.5), description="shortest and longest delay of a label behind its prediction")
    severity: float = Field(default=1.0, gt=0, le=1, description="of the concept drift")


class Mode(Model):
    """How much is exercised. A mode never changes how something is judged."""

    title: str
    budget_s: float
    load: list[LoadWindowPlan]
    stress: StressPlan | None = None
    drift: list[DriftKind]
    feedback: FeedbackPlan | None = None
    faults: list[str]

    @property
    def stimuli(self) -> frozenset[str]:
        """Names that a check's `needs` may ask for, and the first word of each for any.

        `load:<window>`, `stress:<part>`, `drift:<kind>`, `drift:curve`, `fault:<id>`, `feedback`.
        """
        listed = {f"load:{w.name}" for w in self.load} | {f"drift:{d.kind}" for d in self.drift} | {f"fault:{f}" for f in self.faults}
        named = listed | self._stressed | self._curves | ({"feedback"} if self.feedback else set())
        return frozenset(named | {name.split(":")[0] for name in named})

    @property
    def _curves(self) -> set[str]:
        """`drift:curve` where some kind is streamed at more than one severity."""
        return {"drift:curve" for kind in self.drift if len(kind.severities) > 1}

    @property
    def _stressed(self) -> set[str]:
        seconds = {} if (plan := self.stress) is None else {"capacity": plan.search_s, "overload": plan.overload_s, "soak": plan.soak_s}
        return {f"stress:{part}" for part, s in seconds.items() if s}


class Scoring(Model):
    """Points per area, 100 in all: the core areas' points plus `module_points` for the best module."""

    core: dict[str, int]
    modules: list[str]
    module_points: int
    cause_cap_points: float = Field(description="the most that one root cause may cost in all")
    bands: dict[str, int] = Field(description="band name -> lowest percentage of an area's points that reaches it")


class Challenge(Model):
    """A whole challenge. `digest` is over every file that can change what a candidate is asked or how it is exercised."""

    slug: str
    title: str
    version: str
    summary: str
    hours: str
    digest: str = ""
    reality: Reality
    limits: Limits
    contract: Contract
    drift: DriftPlan
    prices: Prices | None = Field(default=None, description="filled by the loader; never written in challenge.toml")
    modes: dict[str, Mode]
    scoring: Scoring

    @property
    def smallest(self) -> str:
        """The mode with the least budget: what a candidate checks with before handing in."""
        return min(self.modes, key=lambda name: self.modes[name].budget_s)

    @property
    def practice(self) -> str | None:
        """The mode whose score is no verdict, as it leaves too much to luck; None where it is the only one."""
        return self.smallest if len(self.modes) > 1 else None
