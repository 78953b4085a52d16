"""The load stage: walks the mode's windows, repeats what the grader or the host spoilt, and keeps the record of it.

A void window is sent again, from a fresh start, at most `RERUNS` times; it is never averaged in. After that the last attempt stays with
its `void` set, which makes its checks unknown and costs the candidate nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Protocol

from challenges.simulator import Row
from grader.schema.causes import Trouble
from grader.schema.challenge import Contract, LoadWindowPlan, Reality
from grader.schema.evidence.load import LoadEvidence, LoadWindow, ResourceUse
from harness.host import CoreTimes, core_times, shares
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Fields, Plan
from harness.load.trace import Trace
from harness.load.windows import About, summarise
from harness.seeds import Seeds

RERUNS = 2
BIN_S = 0.1
TIMEOUT_S = 2.0
SAMPLE_S = 0.5


class Usage(Protocol):
    """Container accounting since its start."""

    @property
    def cpu_s(self) -> float: ...
    @property
    def throttled_s(self) -> float: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def pid(self) -> int: ...


class Target(Protocol):
    """What load needs to know about a candidate (harness.sandbox.container.Candidate is one)."""

    @property
    def ip(self) -> str: ...
    @property
    def port(self) -> int: ...
    def usage(self) -> Usage: ...


Hook = Callable[[str], None]
TraceHook = Callable[[str, Trace], None]


@dataclass(frozen=True)
class Stage:
    """Everything that stays the same from window to window. `cores` are the candidate's; `run_start` is CLOCK_MONOTONIC.

    `before(name)` and `after(name, trace)` surround every attempt at a window, e.g. to scrape metrics; they are not measured.
    """

    generator: LoadGenerator
    candidate: Target
    contract: Contract
    reality: Reality
    seeds: Seeds
    cores: Sequence[int]
    run_start: float
    before: Hook = field(default=lambda _name: None)
    after: TraceHook = field(default=lambda _name, _trace: None)


def rows_needed(plans: Sequence[LoadWindowPlan], reality: Reality) -> int:
    """How many rows one pass over all windows may use, with room for a Poisson schedule's luck."""
    return sum(_upper(plan.rate_factor * reality.rate_rps * plan.seconds) for plan in plans)


def collect(stage: Stage, plans: Sequence[LoadWindowPlan], rows: Sequence[Row]) -> LoadEvidence:
    """Run every window in order. Raises Trouble when the generator breaks; a candidate that fails is evidence, not trouble."""
    supply = requests(rows, stage.contract.id_field)
    windows: list[LoadWindow] = []
    voided: list[LoadWindow] = []
    for plan in plans:
        window = _attempt(stage, plan, supply, 1)
        while window.void and window.attempts <= RERUNS:
            voided.append(window)
            window = _attempt(stage, plan, supply, window.attempts + 1)
        windows.append(window)
    return LoadEvidence(windows=windows, voided=voided, bin_s=BIN_S)


def requests(rows: Sequence[Row], id_field: str) -> Iterator[tuple[str, bytes]]:
    """(id, body) for ever: once through the rows as they are, then again under new ids, so that no id is ever sent twice."""
    lap = 0
    while True:
        for row in rows:
            name = str(row.request[id_field])
            fresh = name if lap == 0 else f"{name[:56]}-{lap}"
            yield fresh, json.dumps(row.request if lap == 0 else {**row.request, id_field: fresh}).encode()
        lap += 1


def fields(contract: Contract) -> Fields:
    """The contract's field names, as the engine wants them."""
    return Fields(contract.id_field, contract.score_field, contract.degraded_field, contract.version_field)


def make_plan(stage: Stage, offsets: list[float], supply: Iterator[tuple[str, bytes]], timeout_s: float = TIMEOUT_S) -> Plan:
    """A plan that sends the next requests of `supply` to the candidate's prediction route."""
    pairs = [next(supply) for _ in offsets]
    return Plan(
        host=stage.candidate.ip, port=stage.candidate.port, path=stage.contract.predict, arrivals_s=offsets,
        bodies=[body for _, body in pairs], ids=[name for name, _ in pairs],
        timeout_s=timeout_s, slo_ms=stage.reality.slo_p99_ms, fields=fields(stage.contract),
    )  # fmt: skip


def _attempt(stage: Stage, plan: LoadWindowPlan, supply: Iterator[tuple[str, bytes]], attempt: int) -> LoadWindow:
    rate, phase = plan.rate_factor * stage.reality.rate_rps, f"load:{plan.name}:{attempt}"
    offsets = schedule.KINDS[plan.arrivals](rate, plan.seconds, stage.seeds.derive(phase))
    stage.before(plan.name)
    with Watch(stage.candidate, stage.cores) as watch:
        running = stage.generator.start(make_plan(stage, offsets, supply))
        trace = running.wait()
    about = About(
        name=plan.name, arrivals=plan.arrivals, rate_rps=rate, seconds=plan.seconds, seed_digest=stage.seeds.digest(phase),
        slo_ms=stage.reality.slo_p99_ms, timeout_s=TIMEOUT_S, start_s=running.t0 - stage.run_start, attempts=attempt,
    )  # fmt: skip
    window = summarise(trace, about, watch.use, BIN_S)
    stage.after(plan.name, trace)
    return window


class Watch:
    """Accounting of the candidate and its cores over a `with` block; `use` afterwards. Samples memory in a thread for its peak."""

    def __init__(self, candidate: Target, cores: Sequence[int]) -> None:
        self._candidate, self._cores = candidate, cores
        self._over = Event()
        self._samples: list[Usage] = []
        self._sampler = Thread(target=self._sample, name="usage", daemon=True)
        self._before: CoreTimes
        self._trouble: Trouble | None = None
        self.use: ResourceUse | None = None

    def __enter__(self) -> Watch:
        self._samples.append(self._candidate.usage())
        self._before = core_times(self._cores)
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        self._sampler.join()
        if kind is None:
            if self._trouble is not None:
                raise self._trouble
            after = core_times(self._cores)
            self._samples.append(self._candidate.usage())
            self.use = resource_use(self._samples, self._before, after)

    def _sample(self) -> None:
        try:
            while not self._over.wait(SAMPLE_S):
                self._samples.append(self._candidate.usage())
        except Trouble as trouble:
            self._trouble = trouble


def resource_use(samples: Sequence[Usage], before: CoreTimes, after: CoreTimes) -> ResourceUse | None:
    """None when the accounting went backwards: the container was started anew inside the window.

    A process that died took the account of its last CPU time with it; what is missing then would look like others' work and void the
    window, at the host's cost, for which the candidate's crash is to blame. So nothing is said about others in such a window.
    """
    first, last = samples[0], samples[-1]
    cpu = last.cpu_s - first.cpu_s
    if cpu < 0:
        return None
    died = len({sample.pid for sample in samples}) > 1
    others, steal = (0.0, 0.0) if died else shares(before, after, cpu)
    return ResourceUse(
        cpu_seconds=cpu,
        throttled_seconds=max(0.0, last.throttled_s - first.throttled_s),
        memory_start_bytes=first.memory_bytes,
        memory_end_bytes=last.memory_bytes,
        memory_peak_bytes=max(sample.memory_bytes for sample in samples),
        others_core_share=others,
        steal_share=steal,
    )


def _upper(mean: float) -> int:
    """A count that a Poisson number of this mean exceeds about once in a billion draws."""
    return int(mean + 6 * mean**0.5 + 16)
