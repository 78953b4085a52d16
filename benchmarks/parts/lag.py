"""How late requests leave: sent - intended at several rates against a light server, and what the generator costs meanwhile.

A point during which others used the generator's core is repeated, at most twice; if it stays disturbed, a lag over the bar decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.bench import Bench, Onlookers, Server
from benchmarks.peers import PATH
from benchmarks.report import Cell, Column, Findings, Table
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.trace import Floats, quantile

RATES = (100, 300, 1000, 2000)
JUDGED = (100, 300, 1000)
COST_AT = 1000
SECONDS, SEED, REPEATS = 10.0, 1, 2
MB_PER_MIB = 1.048576

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
COLUMNS = (
    Column("requests/s"), Column("requests"), *(Column(f"{name} ms", 3) for name in QUANTILES),
    Column("generator CPU", 1, " %"), Column("peak MB"), Column("others on its core", 1, " %"), Column("steal", 1, " %"), Column("tries"),
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One measurement at one rate. `lag_ms` is ascending; shares are of one core over the measurement."""

    rate: float
    lag_ms: Floats
    dropped: int
    cpu_share: float
    peak_mb: float
    others: float
    steal: float
    disturbed: bool
    tries: int = 1

    def at(self, q: float) -> float:
        return quantile(self.lag_ms, q)

    def row(self) -> list[Cell]:
        lags = [self.at(q) for q in QUANTILES.values()]
        shares = [self.others * 100, self.steal * 100]
        return [self.rate, len(self.lag_ms), *lags, self.cpu_share * 100, self.peak_mb, *shares, self.tries]


def run(bench: Bench) -> Findings:
    points = [_settled(bench, rate) for rate in RATES]
    findings = Findings(tables=[Table("Lag of the generator: how late requests left, Poisson arrivals", COLUMNS, [point.row() for point in points])])
    for point in points:
        _judge(point, findings)
    return findings


def _judge(point: Point, findings: Findings) -> None:
    rate = round(point.rate)
    excuse = f"others used {point.others:.1%} of the generator's core, {point.steal:.1%} stolen" if point.disturbed else ""
    if rate in JUDGED:
        findings.values[f"lag.{rate}"] = point.at(0.99)
        findings.excuses[f"lag.{rate}"] = excuse
    if rate == COST_AT:
        findings.values |= {"lag.cpu": point.cpu_share, "lag.peak": point.peak_mb}
    if point.tries > 1:
        findings.notes.append(f"{rate} requests/s: measured {point.tries} times, since others used the generator's core" + (excuse and "; still so"))
    if point.dropped:
        findings.notes.append(f"{rate} requests/s: {point.dropped} requests were dropped")


def _settled(bench: Bench, rate: float) -> Point:
    point = None
    for tries in range(1, REPEATS + 2):
        bench.say(f"lag: {rate:.0f} requests/s" + (f", again ({tries})" if tries > 1 else ""))
        point = measure(bench, rate, tries)
        if not point.disturbed:
            break
    assert point is not None
    return point


def measure(bench: Bench, rate: float, tries: int = 1) -> Point:
    seconds = bench.length(SECONDS)
    arrivals = schedule.poisson(rate, seconds, SEED)
    with bench.measuring() as cores, LoadGenerator(cores.ours[:1]) as generator, Server("fast", cores.candidate) as server:
        generator.start(Plan("127.0.0.1", server.port, PATH, schedule.constant(50, 0.2), [b"{}"], [])).wait()  # start-up is not lag
        with Onlookers(cores.ours[0]) as onlookers:
            trace = generator.start(Plan("127.0.0.1", server.port, PATH, arrivals, [b"{}"], [])).wait()
        onlookers.account(trace.cpu_s)
        peak = generator.peak_mib * MB_PER_MIB
    return Point(
        rate, np.sort(trace.lag_s) * 1e3, trace.dropped, trace.cpu_s / seconds, peak, onlookers.others, onlookers.steal, onlookers.disturbed, tries,
    )  # fmt: skip
