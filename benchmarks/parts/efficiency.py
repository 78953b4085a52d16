"""Requests per CPU-second of the client's process: this engine beside Locust's two clients and wrk, against one server on the other core.

Judged with each client at its best: this engine in its open loop at a rate that it still sends on time, the others saturating themselves
with ten callers, the load in which they are cheapest. Two more loads are shown and not judged: all in the closed loop, and all at one low
rate, where each client pays for waking up once per request, ours also for leaving on time.
Rounds are interleaved and medians compared, so a machine that drifts shifts every client alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks import peers
from benchmarks.bench import Bench, Server
from benchmarks.peers import CALLERS, NOT_INSTALLED, PATH, Ran
from benchmarks.report import Cell, Column, Findings, Table
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan

SECONDS, ROUNDS, SEED = 3.0, 5, 1
BEST_RPS, LOW_RPS, USERS = 8000.0, 500.0, 50
MOST_RPS = 60_000
"""More than one core can send: bounds the closed loop's requests."""

OURS, FAST, HTTP, WRK = "this engine", "Locust FastHttpUser", "Locust HttpUser", "wrk"
OPEN, CLOSED, LOW = f"open loop, {BEST_RPS:.0f}/s", f"closed loop, {CALLERS} callers", f"{LOW_RPS:.0f}/s"
Client = Callable[[int, float], Ran | None]


@dataclass(frozen=True)
class Entry:
    """One client under one load. It is compared with the entry at place `beside`; `bar` judges that ratio."""

    client: str
    load: str
    run: Client
    beside: int | None
    bar: str = ""


def entries(generator: LoadGenerator) -> list[Entry]:
    paced = partial(peers.locust, users=USERS, per_user_rate=LOW_RPS / USERS)
    return [
        Entry(OURS, OPEN, partial(_open, generator, BEST_RPS), 0),
        Entry(FAST, CLOSED, partial(peers.locust, kind="fast"), 0, "efficiency.fast"),
        Entry(HTTP, CLOSED, partial(peers.locust, kind="http"), 0, "efficiency.http"),
        Entry(WRK, CLOSED, peers.wrk, 0),
        Entry(OURS, CLOSED, partial(_closed, generator), None),
        Entry(OURS, LOW, partial(_open, generator, LOW_RPS), 5),
        Entry(FAST, LOW, partial(paced, kind="fast"), 5),
        Entry(HTTP, LOW, partial(paced, kind="http"), 5),
    ]


COLUMNS = (
    Column("client"), Column("load"), Column("requests/s"), Column("requests per CPU-second"), Column("ours / this", 2, "x"), Column("rounds"),
)  # fmt: skip


def run(bench: Bench) -> Findings:
    seconds, findings = bench.length(SECONDS), Findings()
    with LoadGenerator() as generator:
        contest = entries(generator)
        rates: list[list[float]] = [[] for _ in contest]
        costs: list[list[float]] = [[] for _ in contest]
        for number in range(ROUNDS):
            bench.say(f"efficiency: round {number + 1} of {ROUNDS}")
            for entry, ran, rate, cost in zip(contest, _round(bench, generator, contest, seconds), rates, costs, strict=True):
                if ran is not None:
                    rate.append(len(ran.milliseconds) / seconds)
                    cost.append(ran.per_cpu_s)
                    _complain(entry, ran, findings)
    middle = [median(cost) if cost else None for cost in costs]
    ratios = [_ratio(middle, entry.beside, cost) for entry, cost in zip(contest, middle, strict=True)]
    findings.values = {entry.bar: ratio for entry, ratio in zip(contest, ratios, strict=True) if entry.bar and ratio is not None}
    rows = [_row(*column) for column in zip(contest, rates, costs, ratios, strict=True)]
    findings.tables = [Table("Requests per CPU-second of the client, medians of interleaved rounds", COLUMNS, rows)]
    return findings


def _round(bench: Bench, generator: LoadGenerator, contest: list[Entry], seconds: float) -> list[Ran | None]:
    with bench.measuring() as cores, Server("fast", cores.candidate) as server:
        generator.pin(cores.ours)
        return [entry.run(server.port, seconds) for entry in contest]


def _complain(entry: Entry, ran: Ran, findings: Findings) -> None:
    if ran.failures:
        findings.notes.append(f"{entry.client}, {entry.load}: {ran.failures} requests failed beside {len(ran.milliseconds)}")


def _ratio(middle: list[float | None], beside: int | None, cost: float | None) -> float | None:
    ours = None if beside is None else middle[beside]
    return ours / cost if ours and cost else None


def _row(entry: Entry, rates: list[float], costs: list[float], ratio: float | None) -> list[Cell]:
    if not costs:
        return [f"{entry.client} ({NOT_INSTALLED})", entry.load, None, None, None, None]
    return [entry.client, entry.load, median(rates), median(costs), ratio, len(costs)]


def _closed(generator: LoadGenerator, port: int, seconds: float) -> Ran:
    bound = [0.0] * round(MOST_RPS * seconds)
    return _ran(generator, Plan("127.0.0.1", port, PATH, bound, [b"{}"], [], callers=CALLERS, seconds=seconds))


def _open(generator: LoadGenerator, rate: float, port: int, seconds: float) -> Ran:
    return _ran(generator, Plan("127.0.0.1", port, PATH, schedule.poisson(rate, seconds, SEED), [b"{}"], []))


def _ran(generator: LoadGenerator, plan: Plan) -> Ran:
    trace = generator.start(plan).wait()
    return Ran(trace.latency_s() * 1e3, int((~trace.valid).sum()), trace.cpu_s)
