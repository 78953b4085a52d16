"""How late requests leave: sent - intended at several rates against a light server, and what the generator costs meanwhile.

Then, with real predictions whose answers are judged, how far the rate can go before requests leave late: the most that a grading may ask for.
A point during which others used the generator's core is repeated, at most twice; if it stays disturbed, a lag over the bar decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.bench import Bench, Onlookers, Server, child_running
from benchmarks.parts import prediction
from benchmarks.peers import PATH
from benchmarks.report import Cell, Column, Findings, Table
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.trace import Floats, quantile
from harness.load.windows import LAG_FLOOR_S

RATES, LADDER = (100.0, 300.0, 1000.0, 2000.0), (4000.0, 6000.0, 8000.0, 10_000.0)
JUDGED = (100, 300, 1000)
COST_AT = 1000
SECONDS, LADDER_S, SEED, REPEATS = 10.0, 3.0, 1, 2
MB_PER_MIB = 1.048576

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
COLUMNS = (
    Column("requests/s"), Column("requests"), *(Column(f"{name} ms", 3) for name in QUANTILES), Column("generator CPU", 1, " %"),
    Column("peak MB"), Column("kept waiting", 2, " %"), Column("others on its core", 1, " %"), Column("steal", 1, " %"), Column("tries"),
)  # fmt: skip

MakePlan = Callable[[int, list[float]], Plan]


@dataclass(frozen=True)
class Point:
    """One measurement at one rate. `lag_ms` is ascending; shares are of one core's time (see bench.Onlookers)."""

    rate: float
    lag_ms: Floats
    dropped: int
    cpu_share: float
    peak_mb: float
    waited: float
    others: float
    steal: float
    disturbed: bool
    tries: int = 1

    def at(self, q: float) -> float:
        return quantile(self.lag_ms, q)

    @property
    def by_others(self) -> str:
        return f"kept waiting {self.waited:.2%} of the time, others used {self.others:.1%} of its core, {self.steal:.1%} stolen"

    def row(self) -> list[Cell]:
        lags = [self.at(q) for q in QUANTILES.values()]
        shares = [share * 100 for share in (self.waited, self.others, self.steal)]
        return [self.rate, len(self.lag_ms), *lags, self.cpu_share * 100, self.peak_mb, *shares, self.tries]


def run(bench: Bench) -> Findings:
    points = [settled(bench, rate, bench.length(SECONDS), "fast", _plain) for rate in RATES]
    ladder = [settled(bench, rate, bench.length(LADDER_S), "work", _predicting(), "0") for rate in LADDER]
    findings = Findings([
        Table("Lag of the generator: how late requests left, Poisson arrivals", COLUMNS, [point.row() for point in points]),
        Table("Its limit: real predictions, answers judged", COLUMNS, [point.row() for point in ladder]),
    ])  # fmt: skip
    for point in points:
        judge(point, findings)
    findings.notes.append(on_time(ladder))
    return findings


def judge(point: Point, findings: Findings) -> None:
    rate = round(point.rate)
    if rate in JUDGED:
        findings.values[f"lag.{rate}"] = point.at(0.99)
        findings.excuses[f"lag.{rate}"] = point.by_others if point.disturbed else ""
    if rate == COST_AT:
        findings.values |= {"lag.cpu": point.cpu_share, "lag.peak": point.peak_mb}
    if point.tries > 1:
        findings.notes.append(f"{rate} requests/s: measured {point.tries} times" + (f"; still {point.by_others}" if point.disturbed else ""))
    if point.dropped:
        findings.notes.append(f"{rate} requests/s: {point.dropped} requests were dropped")


def on_time(ladder: list[Point]) -> str:
    """The highest rung up to which every rung was on time."""
    late = next((i for i, point in enumerate(ladder) if point.at(0.99) > LAG_FLOOR_S * 1e3), len(ladder))
    disturbed = " (that rung was disturbed)" if late < len(ladder) and ladder[late].disturbed else ""
    best = f"up to {ladder[late - 1].rate:.0f}" if late else f"not even at {ladder[0].rate:.0f}"
    return f"real predictions leave on time (p99 lag within {LAG_FLOOR_S * 1e3:.0f} ms) {best} requests/s, of {ladder[-1].rate:.0f} tried{disturbed}"


def settled(bench: Bench, rate: float, seconds: float, server: str, make: MakePlan, *arguments: str) -> Point:
    """The first undisturbed of at most `REPEATS` + 1 measurements, else the last."""
    for tries in range(1, REPEATS + 2):
        bench.say(f"lag: {rate:.0f} requests/s" + (f", again ({tries})" if tries > 1 else ""))
        point = _measured(bench, rate, seconds, server, make, arguments, tries)
        if not point.disturbed:
            break
    return point


def _measured(bench: Bench, rate: float, seconds: float, server: str, make: MakePlan, arguments: tuple[str, ...], tries: int) -> Point:
    arrivals = schedule.poisson(rate, seconds, SEED)
    with bench.measuring() as cores, LoadGenerator(cores.ours[:1]) as generator, Server(server, cores.candidate, *arguments) as target:
        generator.start(make(target.port, schedule.constant(50, 0.2))).wait()  # start-up is not lag
        with Onlookers(cores.ours[0], child_running("harness.load.engine")) as seen:
            trace = generator.start(make(target.port, arrivals)).wait()
        peak = generator.peak_mib * MB_PER_MIB
    return Point(
        rate, np.sort(trace.lag_s) * 1e3, trace.dropped, trace.cpu_s / seconds, peak, seen.waited, seen.others, seen.steal, seen.disturbed, tries,
    )  # fmt: skip


def _plain(port: int, arrivals: list[float]) -> Plan:
    return Plan("127.0.0.1", port, PATH, arrivals, [b"{}"], [])


def _predicting() -> MakePlan:
    """Plans of real predictions, each id once."""
    supply = prediction.supply("lag")

    def make(port: int, arrivals: list[float]) -> Plan:
        pairs = [next(supply) for _ in arrivals]
        return Plan("127.0.0.1", port, PATH, arrivals, [body for _, body in pairs], [name for name, _ in pairs], fields=prediction.FIELDS)

    return make
