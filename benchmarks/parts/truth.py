"""What each tool says about a server that stands still for one second in ten, beside the truth that follows from the schedule.

Every tool has a fresh server process, whose pattern begins with the tool's own first request, so all meet the same stalls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks import peers
from benchmarks.bars import error
from benchmarks.bench import Bench, Server
from benchmarks.peers import NOT_INSTALLED, PATH, Ran
from benchmarks.report import Cell, Column, Findings, Table
from benchmarks.servers.stall import PERIOD_S, REPLY_S, held_until
from harness.load import schedule
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.trace import Floats, Trace, quantile

RATE, SLO_MS, SECONDS, SEED, TIMEOUT_S = 100.0, 100.0, 40.0, 1, 5.0
QUANTILES = {"p50": 0.50, "p95": 0.95, "p98": 0.98, "p99": 0.99, "p99.9": 0.999}

STOCK = "Locust, 10 users, constant_throughput(10)"
PEERS: dict[str, Callable[[int, float], Ran | None]] = {
    STOCK: partial(peers.locust, kind="fast", per_user_rate=10.0),
    "Locust, 10 users, default wait": partial(peers.locust, kind="fast"),
    "hey -c 10 -q 10": peers.hey,
    "wrk -c 10, with its own correction": peers.wrk,
}

COLUMNS = (
    Column("tool"), Column("requests"), *(Column(f"{name} ms", 1) for name in QUANTILES),
    Column(f"over {SLO_MS:.0f} ms", 1, " %"), Column("error at p95", 1, " %"),
)  # fmt: skip


def run(bench: Bench) -> Findings:
    seconds = whole_periods(bench.length(SECONDS))
    bench.say(f"truth: this engine, {seconds:.0f} s")
    truth, ours = _ours(bench, seconds)
    told: dict[str, Floats | None] = {"truth, from the schedule": truth, "this engine, open loop": ours}
    findings = Findings()
    for name, peer in PEERS.items():
        bench.say(f"truth: {name}, {seconds:.0f} s")
        with bench.measuring() as cores, Server("stall", cores.candidate) as server:
            ran = peer(server.port, seconds)
        told[name] = None if ran is None else ran.milliseconds
        if ran and ran.failures:
            findings.notes.append(f"{name}: {ran.failures} of {len(ran.milliseconds)} requests failed")
    exact = described(truth)
    findings.values |= {f"truth.{key}": error(value, exact[key]) for key, value in described(ours).items()}
    findings.values["truth.stock"] = error(described(told[STOCK])["p95"], exact["p95"])
    title = f"What each tool says of 5 ms replies with a 1 s stall every {PERIOD_S:.0f} s, at 100 requests/s for {seconds:.0f} s"
    findings.tables = findings.brief = [Table(title, COLUMNS, [row(name, values, exact["p95"]) for name, values in told.items()])]
    findings.notes.append(f"seed {SEED}; Locust's default wait is none; wrk holds no rate, and makes up the requests that it thinks it missed")
    return findings


def whole_periods(seconds: float) -> float:
    """Whole periods of the pattern, at least one: else the share of stalled requests would depend on where we stop."""
    return max(1.0, seconds // PERIOD_S) * PERIOD_S


def described(milliseconds: Floats | None) -> dict[str, float]:
    """Percentiles in ms, and `over`: the percentage of requests that took longer than the SLO."""
    values = np.sort(milliseconds) if milliseconds is not None else np.array([])
    if not len(values):
        return dict.fromkeys([*QUANTILES, "over"], 0.0)
    return {name: quantile(values, q) for name, q in QUANTILES.items()} | {"over": float(np.mean(values > SLO_MS)) * 100}


def row(name: str, milliseconds: Floats | None, exact_p95: float) -> list[Cell]:
    if milliseconds is None:
        return [f"{name} ({NOT_INSTALLED})", *[None] * (len(COLUMNS) - 1)]
    found = described(milliseconds)
    return [name, len(milliseconds), *found.values(), error(found["p95"], exact_p95) * 100]


def _ours(bench: Bench, seconds: float) -> tuple[Floats, Floats]:
    """(what users truly waited, what the engine says) in ms, request by request."""
    with bench.measuring() as cores, LoadGenerator(cores.ours) as generator, Server("stall", cores.candidate) as server:
        arrivals = schedule.poisson(RATE, seconds, SEED)
        trace = generator.start(Plan("127.0.0.1", server.port, PATH, arrivals, [b"{}"], [], timeout_s=TIMEOUT_S, slo_ms=SLO_MS)).wait()
        anchor = float(server.line(1.0))
    return _truth(trace, anchor), _told(trace)


def _truth(trace: Trace, anchor: float) -> Floats:
    return np.array([held_until(t, anchor) + REPLY_S - t for t in trace.intended.tolist()]) * 1e3


def _told(trace: Trace) -> Floats:
    """A request without an answer has waited its whole deadline."""
    told: Floats = np.where(trace.valid, trace.received - trace.intended, TIMEOUT_S) * 1e3
    return told
