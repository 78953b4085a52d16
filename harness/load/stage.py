"""The load stage: walks the mode's windows, repeats what the grader or the host spoilt, and keeps the record of it.

A void window is sent again, from a fresh start, at most `RERUNS` times; it is never averaged in. After that the last attempt stays with
its `void` set, which makes its checks unknown and costs the candidate nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np

from grader.schema.challenge import Contract, LoadWindowPlan, Reality
from grader.schema.evidence.load import ControlReading, LoadEvidence, LoadWindow
from harness.load import schedule
from harness.load.control import moved
from harness.load.generator import LoadGenerator
from harness.load.outcomes import Outcome
from harness.load.plan import Plan
from harness.load.slow_clients import SlowClients
from harness.load.supply import Supply, fields
from harness.load.trace import Trace
from harness.load.watch import Target, Watch
from harness.load.windows import About, summarise
from harness.rank import rank_correlation
from harness.seeds import Seeds

RERUNS = 2
BIN_S = 0.1
TIMEOUT_S = 2.0

Hook = Callable[[str], None]
TraceHook = Callable[[str, Trace], None]
ControlHook = Callable[[str], ControlReading]
TruthOf = Callable[[str], float | None]
StoreHook = Callable[[], float | None]


@dataclass(frozen=True)
class Stage:
    """Everything that stays the same from window to window. `cores` are the candidate's; `cpus` its limit; `run_start` is CLOCK_MONOTONIC.

    `before(name)` and `after(name, trace)` surround every attempt at a window, e.g. to scrape metrics; they are not measured.
    `control(moment)` reads the control container; None where there is none. `store()`: seconds that the feature store has waited for a core.
    `truth(id)`: the hidden probability of a request, None where it is not known.
    """

    generator: LoadGenerator
    candidate: Target
    contract: Contract
    reality: Reality
    seeds: Seeds
    cores: Sequence[int]
    run_start: float
    cpus: float = 1.0
    before: Hook = field(default=lambda _name: None)
    after: TraceHook = field(default=lambda _name, _trace: None)
    control: ControlHook | None = None
    store: StoreHook = field(default=lambda: None)
    truth: TruthOf = field(default=lambda _id: None)


@dataclass(frozen=True)
class Segment:
    """One window of a schedule, in absolute numbers. `rate_from_rps` is a ramp's start."""

    name: str
    arrivals: str
    rate_rps: float
    seconds: float
    rate_from_rps: float | None = None
    slow_clients: int = 0

    def offsets(self, seed: int) -> list[float]:
        if self.rate_from_rps is not None:
            return schedule.ramp(self.rate_from_rps, self.rate_rps, self.seconds, seed)
        return schedule.KINDS[self.arrivals](self.rate_rps, self.seconds, seed)


@dataclass
class Record:
    """Windows that stand, and those that were repeated."""

    windows: list[LoadWindow] = field(default_factory=list)
    voided: list[LoadWindow] = field(default_factory=list)

    def send(self, stage: Stage, stretch: Sequence[Segment], supply: Supply) -> None:
        """Send a stretch; again, while a window of it is void and the bound allows."""
        windows = _attempt(stage, stretch, supply, 1)
        while any(window.void for window in windows) and windows[0].attempts <= RERUNS:
            self.voided += windows
            windows = _attempt(stage, stretch, supply, windows[0].attempts + 1)
        self.windows += windows

    def void_all(self, why: str) -> None:
        self.windows = [window.model_copy(update={"void": window.void or why}) for window in self.windows]


def collect(stage: Stage, plans: Sequence[LoadWindowPlan], supply: Supply) -> LoadEvidence:
    """Run every window in order. Raises Trouble when the generator breaks; a candidate that fails is evidence, not trouble.

    Where the control container's figures moved from before to after, the host changed under us: all windows are sent once more.
    """
    readings: list[ControlReading] = []
    if not plans:
        return LoadEvidence(windows=[], voided=[], control=[], bin_s=BIN_S)
    record = _pass(stage, plans, supply, readings)
    if (why := moved(readings)) is not None:
        record.void_all(why)
        first, record = record, _pass(stage, plans, supply, readings)
        record.voided = [*first.voided, *first.windows, *record.voided]
        if (why := moved(readings, since=-2)) is not None:
            record.void_all(why)
    return LoadEvidence(windows=record.windows, voided=record.voided, control=readings, bin_s=BIN_S)


def _pass(stage: Stage, plans: Sequence[LoadWindowPlan], supply: Supply, readings: list[ControlReading]) -> Record:
    record = Record()
    if stage.control and not readings:
        readings.append(stage.control("before load"))
    for stretch in stretches(plans, stage.reality):
        record.send(stage, stretch, supply)
    if stage.control:
        readings.append(stage.control("after load"))
    return record


def stretches(plans: Sequence[LoadWindowPlan], reality: Reality) -> list[list[Segment]]:
    """Windows grouped into what is sent without a pause, rates in requests per second."""
    groups: list[list[Segment]] = []
    for plan in plans:
        start = plan.rate_factor_from * reality.rate_rps if plan.arrivals == "ramp" else None
        segment = Segment(plan.name, plan.arrivals, plan.rate_factor * reality.rate_rps, plan.seconds, start, plan.slow_clients)
        if plan.gapless and groups:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    return groups


def make_plan(stage: Stage, offsets: list[float], supply: Supply, timeout_s: float = TIMEOUT_S) -> Plan:
    """A plan that sends the next requests of `supply` to the candidate's prediction route."""
    pairs = [next(supply) for _ in offsets]
    return Plan(
        host=stage.candidate.ip, port=stage.candidate.port, path=stage.contract.predict, arrivals_s=offsets,
        bodies=[body for _, body in pairs], ids=[name for name, _ in pairs],
        timeout_s=timeout_s, slo_ms=stage.reality.slo_p99_ms, fields=fields(stage.contract),
    )  # fmt: skip


def _attempt(stage: Stage, stretch: Sequence[Segment], supply: Supply, attempt: int) -> list[LoadWindow]:
    """One uninterrupted schedule over all segments, cut into windows afterwards."""
    starts = list(accumulate((segment.seconds for segment in stretch), initial=0.0))
    phases = [f"load:{segment.name}:{attempt}" for segment in stretch]
    drawn = zip(starts, stretch, phases, strict=False)
    offsets = [start + offset for start, segment, phase in drawn for offset in segment.offsets(stage.seeds.derive(phase))]
    for segment in stretch:
        stage.before(segment.name)
    plan = make_plan(stage, offsets, supply)
    slow = _slow_clients(stage, stretch[0], supply)
    with Watch(stage.candidate, stage.cores, lambda: stage.generator.counters()[0], stage.store) as watch, slow or nullcontext():
        running = stage.generator.start(plan)
        trace = running.wait()
    windows: list[LoadWindow] = []
    for start, segment, phase in zip(starts, stretch, phases, strict=False):
        begin, end = running.t0 + start, running.t0 + start + segment.seconds
        part = replace(trace.between(begin, end), t0=begin)
        about = About(
            name=segment.name, arrivals=segment.arrivals, rate_rps=segment.rate_rps, rate_from_rps=segment.rate_from_rps, seconds=segment.seconds,
            seed_digest=stage.seeds.digest(phase), slo_ms=stage.reality.slo_p99_ms, timeout_s=TIMEOUT_S, start_s=begin - stage.run_start,
            attempts=attempt,
        )  # fmt: skip
        window = summarise(part, about, watch.use() if len(stretch) == 1 else watch.use(begin, end), BIN_S)
        window = window.model_copy(update={"rank_correlation": ranked(part, stage.truth)})
        windows.append(window.model_copy(update={"slow_clients": slow.seen}) if slow else window)
        stage.after(segment.name, part)
    return windows


def ranked(trace: Trace, truth: TruthOf) -> float | None:
    """How the scores of undegraded answers rank their requests; a fallback ranks them worse, as it may. None where too few are known."""
    rows = np.flatnonzero(trace.has(Outcome.OK)).tolist() if trace.ids else []
    known = [(float(trace.score[i]), p) for i in rows if (p := truth(trace.ids[i])) is not None]
    return rank_correlation([score for score, _ in known], [p for _, p in known])


def _slow_clients(stage: Stage, segment: Segment, supply: Supply) -> SlowClients | None:
    if not segment.slow_clients:
        return None
    bodies = [next(supply)[1] for _ in range(segment.slow_clients)]
    return SlowClients(stage.candidate.ip, stage.candidate.port, stage.contract.predict, bodies)
