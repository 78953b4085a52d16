"""How repeatable the capacity search is: several searches on one and the same service, beside what queueing theory says of it.

The service is one thread that spends a fixed CPU time on each request, on the candidate's core: an M/D/1 queue, whose capacity follows
from its service time, the SLO and the 1 % of requests that may miss it. The search publishes a lower bound, so it should stay below.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.bars import cv, spread
from benchmarks.bench import Bench, Server
from benchmarks.contained import Contained
from benchmarks.parts import prediction
from benchmarks.report import Cell, Column, Findings, Table
from benchmarks.theory import highest_rate
from grader.schema.causes import Trouble
from grader.schema.challenge import Challenge, StressPlan
from grader.schema.evidence.load import Capacity
from harness.load.capacity import LATE_SHARE, search
from harness.load.generator import LoadGenerator
from harness.load.stage import Stage
from harness.sandbox.limits import Cores
from harness.sandbox.usage import Usage
from harness.seeds import Seeds

MODE = "standard"
COST_MS = 1.0
KEY = b"not a secret: benchmarks only"
IN_CONTAINER = 3
REPEATS = 3
"""Void searches that are made up for, in all."""

LEAST = 3
"""Fewer searches show no CV."""

COLUMNS = (
    Column("search"), Column("requests/s", 1), Column("of theory", 3, "x"), Column("lowest that failed", 1), Column("saturation", 1),
    Column("CPU ms/request", 3), Column("trials"), Column("void trials"), Column("seconds", 1), Column("limited by"),
)  # fmt: skip


class Process:
    """Context manager: the service as a process. Its CPU time is read to the nanosecond, where a container's comes from its cgroup."""

    ip = "127.0.0.1"

    def __init__(self, cores: Cores) -> None:
        self._server = Server("work", cores.candidate, str(COST_MS))

    def __enter__(self) -> Self:
        self.port = self._server.__enter__().port
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.__exit__(kind, error, trace)

    def usage(self) -> Usage:
        pid = self._server.pid
        used = sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return Usage(cpu_s=used / 1e9, throttled_s=0.0, nr_throttled=0, memory_bytes=0, at_monotonic=time.monotonic(), pid=pid)


Service = Callable[[Cores], Process | Contained]
"""The service on the candidate's core of a slot, not yet entered."""


def run(bench: Bench) -> Findings:
    spec = prediction.CHALLENGE.spec
    with LoadGenerator() as generator:
        result = findings(_searches(bench, generator, Process, bench.searches, "process"), spec.reality.slo_p99_ms / 1e3)
        try:
            contained = _searches(bench, generator, lambda cores: Contained("work", spec.limits, cores, str(COST_MS)), IN_CONTAINER, "container")
        except Trouble as trouble:
            if trouble.cause == "interrupted":
                raise
            result.notes.append(f"not searched in a container: {trouble.failure.sentence}")
        else:
            shown = findings(contained, spec.reality.slo_p99_ms / 1e3, "in a container under a candidate's CPU quota")
            result.tables += shown.tables
            result.notes += [f"container: {note}" for note in shown.notes]
    return result


def _searches(bench: Bench, generator: LoadGenerator, service: Service, wanted: int, kind: str) -> list[Capacity]:
    """As many searches as wanted that are not void, in a few more at most; each on a fresh start of the same service."""
    found: list[Capacity] = []
    spec = prediction.CHALLENGE.spec
    while sum(capacity.void is None for capacity in found) < wanted and len(found) < wanted + REPEATS:
        number = len(found) + 1
        bench.say(f"capacity: {kind}, search {number}, {wanted} wanted that are not void")
        with bench.measuring() as cores, service(cores) as target:
            generator.pin(cores.ours)
            stage = _stage(spec, generator, target, cores, number)
            found.append(search(stage, spec.modes[MODE].stress or StressPlan(), prediction.supply(f"capacity-{number}")))
    return found


def findings(found: list[Capacity], slo_s: float, where: str = "in a process") -> Findings:
    """Tables and figures of finished searches. Void ones are shown, and kept out of the figures."""
    peer = theory(found, slo_s)
    rows = [_row(str(i), capacity, peer) for i, capacity in enumerate(found, 1)]
    title = f"Capacity of one service of {COST_MS:.0f} ms CPU time per request, {where}; SLO p99 <= {slo_s * 1e3:.0f} ms"
    result = Findings([Table(title, COLUMNS, rows)])
    rates = [capacity.rate_rps for capacity in found if capacity.rate_rps is not None and capacity.void is None]
    if len(rates) < max(2, min(LEAST, len(found))):
        result.missing["capacity.cv"] = f"only {len(rates)} of {len(found)} searches gave a figure"
    else:
        result.values["capacity.cv"] = cv(rates)
        result.notes.append(f"CV {cv(rates):.2%}, spread {spread(rates):.1%} of the mean over {len(rates)} searches")
    _judge_seconds(found, result)
    if peer is not None:
        result.notes.append(f"theory (M/D/1) for the measured service time: {peer:.1f} requests/s")
    for i, capacity in enumerate(found, 1):
        result.notes += [f"search {i}: a trial at {trial.rate_rps:.0f}/s is void: {trial.void}" for trial in capacity.trials if trial.void]
        result.notes += [f"search {i} is void: {capacity.void}"] if capacity.void else []
    return result


def _judge_seconds(found: list[Capacity], result: Findings) -> None:
    """A void trial is repeated at the host's cost, so only searches without one are held to the bar, where there are any."""
    calm = [capacity.seconds for capacity in found if not any(trial.void for trial in capacity.trials)]
    longest = max((capacity.seconds for capacity in found), default=0.0)
    result.values["capacity.seconds"] = max(calm, default=longest)
    result.excuses["capacity.seconds"] = "" if calm else "all searches had void trials, which are repeated"
    if longest > result.values["capacity.seconds"]:
        result.notes.append(f"with void trials a search took up to {longest:.1f} s")


def theory(found: list[Capacity], slo_s: float) -> float | None:
    """The capacity of an M/D/1 queue whose service time is that of the closed bursts, the best of all searches."""
    best = max((capacity.saturation_rps for capacity in found), default=0.0)
    return highest_rate(1 / best, slo_s, LATE_SHARE) if best else None


def _row(name: str, capacity: Capacity, peer: float | None) -> list[Cell]:
    ratio = capacity.rate_rps / peer if peer and capacity.rate_rps is not None else None
    void = sum(trial.void is not None for trial in capacity.trials)
    return [
        name, capacity.rate_rps, ratio, capacity.failed_rps, capacity.saturation_rps, capacity.cpu_ms_per_request,
        len(capacity.trials), void, capacity.seconds, capacity.void or capacity.limited_by,
    ]  # fmt: skip


def _stage(spec: Challenge, generator: LoadGenerator, target: Process | Contained, cores: Cores, number: int) -> Stage:
    return Stage(
        generator=generator, candidate=target, contract=spec.contract, reality=spec.reality, seeds=Seeds(KEY, "capacity", number),
        cores=cores.candidate, run_start=time.monotonic(),
    )  # fmt: skip
