"""How repeatable the capacity search is: several searches on one and the same service, beside what queueing theory says of it.

The service is one thread that spends a fixed CPU time on each request, on the candidate's core: an M/D/1 queue, whose capacity follows
from its service time, the SLO and the 1 % of requests that may miss it. The search publishes a lower bound, so it should stay below.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.bars import cv, spread
from benchmarks.bench import Bench, Server
from benchmarks.parts import prediction
from benchmarks.report import Cell, Column, Findings, Table
from benchmarks.theory import highest_rate
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
REPEATS = 3
"""Void searches that are made up for, in all."""

LEAST = 3
"""Fewer searches show no CV."""

COLUMNS = (
    Column("search"), Column("requests/s", 1), Column("of theory", 3, "x"), Column("lowest that failed", 1), Column("saturation", 1),
    Column("CPU ms/request", 3), Column("trials"), Column("void trials"), Column("seconds", 1), Column("limited by"),
)  # fmt: skip


class Process:
    """A server of ours as the search sees a candidate; its CPU time is read to the nanosecond, where a container's would come from its cgroup."""

    ip = "127.0.0.1"

    def __init__(self, server: Server) -> None:
        self.port, self._pid = server.port, server.pid

    def usage(self) -> Usage:
        used = sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{self._pid}/task").glob("*/schedstat"))
        return Usage(cpu_s=used / 1e9, throttled_s=0.0, nr_throttled=0, memory_bytes=0, at_monotonic=time.monotonic(), pid=self._pid)


def run(bench: Bench) -> Findings:
    spec = prediction.CHALLENGE.spec
    plan = spec.modes[MODE].stress or StressPlan()
    found: list[Capacity] = []
    with LoadGenerator() as generator, Server("work", (), str(COST_MS)) as server:
        while sum(capacity.void is None for capacity in found) < bench.searches and len(found) < bench.searches + REPEATS:
            number = len(found) + 1
            bench.say(f"capacity: search {number}, of {bench.searches} that are not void")
            with bench.measuring() as cores:
                generator.pin(cores.ours)
                server.pin(cores.candidate)
                stage = _stage(spec, generator, Process(server), cores, number)
                found.append(search(stage, plan, prediction.supply(f"capacity-{number}")))
    return findings(found, spec.reality.slo_p99_ms / 1e3)


def findings(found: list[Capacity], slo_s: float) -> Findings:
    """Tables and figures of finished searches. Void ones are shown, and kept out of the figures."""
    peer = theory(found, slo_s)
    rows = [_row(str(i), capacity, peer) for i, capacity in enumerate(found, 1)]
    result = Findings([Table(f"Capacity of one service of {COST_MS:.0f} ms CPU time per request, SLO p99 <= {slo_s * 1e3:.0f} ms", COLUMNS, rows)])
    rates = [capacity.rate_rps for capacity in found if capacity.rate_rps is not None and capacity.void is None]
    if len(rates) < max(2, min(LEAST, len(found))):
        result.missing["capacity.cv"] = f"only {len(rates)} of {len(found)} searches gave a figure"
    else:
        result.values["capacity.cv"] = cv(rates)
        result.notes.append(f"spread {spread(rates):.1%} of the mean over {len(rates)} searches")
    if found:
        result.values["capacity.seconds"] = max(capacity.seconds for capacity in found)
    if peer is not None:
        result.notes.append(f"theory (M/D/1) for the measured service time: {peer:.1f} requests/s")
    for i, capacity in enumerate(found, 1):
        result.notes += [f"search {i}: a trial at {trial.rate_rps:.0f}/s is void: {trial.void}" for trial in capacity.trials if trial.void]
        result.notes += [f"search {i} is void: {capacity.void}"] if capacity.void else []
    return result


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


def _stage(spec: Challenge, generator: LoadGenerator, target: Process, cores: Cores, number: int) -> Stage:
    return Stage(
        generator=generator, candidate=target, contract=spec.contract, reality=spec.reality, seeds=Seeds(KEY, "capacity", number),
        cores=cores.candidate, run_start=time.monotonic(),
    )  # fmt: skip
