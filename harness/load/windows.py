"""One window of load as evidence: counts, exact percentiles with their interval, time bins, and whether the window may be used at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from grader.schema.evidence.load import Latency, LoadWindow, ResourceUse, TimeBin
from harness.load.outcomes import Outcome
from harness.load.trace import Bools, Ints, Trace, interval, quantile
from harness.load.watch import SAMPLE_S

LAG_SHARE = 0.05
LAG_FLOOR_S = 0.001
"""The generator was too late when its p99 lag is over 1 ms and over 5 % of the p99 response; below that it cannot change a verdict."""

NO_ERROR = (Outcome.OK.label, Outcome.DEGRADED.label, Outcome.DROPPED.label)
"""Counted in fields of their own, so that ok + degraded + errors == sent."""

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p98": 0.98, "p99": 0.99, "p999": 0.999}
CURVE = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
"""Where the percentile curve is read, as far as n reaches."""

GENERATOR, HOST = "generator limited", "host noisy"
"""How a void reason begins: whose doing it is."""

OTHERS_SHARE = 0.05
STEAL_SHARE = 0.05
STORE_SHARE = 0.2
"""Of the time, in which the feature store waited for a core beyond what our own generator took from it: it shares that core, and goes second.
Measured over 3 s at about 100 requests/s: 0.2 to 0.8 % on a quiet host; beside builds and tests of others on both cores 6 % (one in
twenty over 17 %, the worst of 130 at 26 %), which costs an answer 1 ms, where the SLO is 100 ms."""

STALL_S = 0.15
"""Of waiting within one sample (half a second). Kept waiting in one go as long as the SLO allows an answer, the store makes late by itself more
than the one request in a hundred that may be: on a busy host it stood still for 250 ms in 2 of about 60 windows, and a sound service missed its
p99. Quiet: 6 ms; small waits of a busy host come to 85 ms in a sample."""

GENERATOR_S = 0.00011
"""CPU time of the generator per request (docs/load.md: 11 % of a core at 1000 requests/s). By it alone a fast service would void its windows."""


@dataclass(frozen=True)
class About:
    """What was planned: goes into the evidence as it is. `start_s` is the window's start since the run's start."""

    name: str
    arrivals: str
    rate_rps: float
    seconds: float
    seed_digest: str
    slo_ms: float
    timeout_s: float
    start_s: float
    attempts: int = 1
    rate_from_rps: float | None = None


def summarise(trace: Trace, about: About, resources: ResourceUse | None, bin_s: float) -> LoadWindow:
    """The evidence of one window; `void` is set when the grader or the host spoilt it."""
    counts = trace.counts()
    dropped = trace.dropped
    return LoadWindow(
        name=about.name,
        arrivals=about.arrivals,
        rate_rps=about.rate_rps,
        rate_from_rps=about.rate_from_rps,
        seconds=about.seconds,
        seed_digest=about.seed_digest,
        scheduled=len(trace),
        sent=len(trace) - dropped,
        dropped=dropped,
        ok=counts.get(Outcome.OK.label, 0),
        degraded=counts.get(Outcome.DEGRADED.label, 0),
        errors={label: n for label, n in counts.items() if label not in NO_ERROR},
        statuses=trace.statuses(),
        retried=int(trace.retries.sum()),
        lag_p99_ms=_lag_p99_s(trace) * 1e3,
        latency=latency(trace, about.slo_ms),
        alike_share=alike_share(trace),
        resources=resources,
        bins=time_bins(trace, bin_s, about.seconds),
        start_s=about.start_s,
        attempts=about.attempts,
        void=void_reason(trace, about.timeout_s, resources),
    )


def latency(trace: Trace, slo_ms: float) -> Latency | None:
    """Percentiles over the valid predictions; None without any (then every request counts as over the SLO elsewhere)."""
    values = trace.latency_s() * 1e3
    if not len(values):
        return None
    found = {name: interval(values, q) for name, q in PERCENTILES.items()}
    return Latency(
        n=len(values),
        mean_ms=float(np.mean(values)),
        p50_ms=quantile(values, 0.50),
        p95_ms=quantile(values, 0.95),
        p98_ms=quantile(values, 0.98),
        p99_ms=quantile(values, 0.99),
        p999_ms=quantile(values, 0.999),
        max_ms=float(values[-1]),
        p99_sent_ms=quantile(trace.latency_s("sent") * 1e3, 0.99),
        intervals={name: ends for name, ends in found.items() if ends},
        curve=[(q, round(quantile(values, q), 3)) for q in CURVE if len(values) * (1 - q) >= 1],
        over_slo=trace.over(slo_ms / 1e3),
    )


def alike_share(trace: Trace) -> float | None:
    """Largest share of the valid predictions that carry one and the same score; None without any."""
    scores = trace.score[trace.valid]
    if not len(scores):
        return None
    return float(np.unique(scores, return_counts=True)[1].max() / len(scores))


def void_reason(trace: Trace, timeout_s: float, resources: ResourceUse | None) -> str | None:
    """Why the window must not be used, or None.

    Only what the grader or the host did counts here. A slow candidate cannot reach it: the connection cap is above what it can hold
    open (plan.enough_connections), and its own CPU time is taken off the core's busy time. Where its cgroup goes before all other work,
    others only had what it left idle (measured: three busy neighbours on its core change neither its p99 nor its capacity, where without
    that weight one of them makes p99 eight times as long and halves the capacity); the control container still tells a slower host.
    """
    values = trace.latency_s()
    p99 = quantile(values, 0.99) if len(values) else timeout_s
    lag = _lag_p99_s(trace)
    if trace.dropped:
        return f"{GENERATOR}: {trace.dropped} of {len(trace)} requests were never sent"
    if lag > max(LAG_FLOOR_S, LAG_SHARE * p99):
        return f"{GENERATOR}: requests left {lag * 1e3:.1f} ms late (p99), against a p99 response of {p99 * 1e3:.1f} ms"
    if resources and not resources.prioritised and resources.others_core_share > OTHERS_SHARE:
        return f"{HOST}: other work took {resources.others_core_share:.0%} of the candidate's core"
    if resources and resources.steal_share > STEAL_SHARE:
        return f"{HOST}: the hypervisor took {resources.steal_share:.0%} of the candidate's core"
    if resources and resources.store_wait_share is not None and resources.store_wait_share > STORE_SHARE + GENERATOR_S * _rate(trace):
        return f"{HOST}: the feature store waited for a core in {resources.store_wait_share:.0%} of the time"
    if resources and resources.store_wait_longest_s is not None and resources.store_wait_longest_s > STALL_S + GENERATOR_S * _rate(trace) * SAMPLE_S:
        return f"{HOST}: the feature store waited {resources.store_wait_longest_s * 1e3:.0f} ms for a core within half a second"
    return None


def time_bins(trace: Trace, bin_s: float, seconds: float, zero: float | None = None) -> list[TimeBin]:
    """Outcomes by intended moment, in slices of `bin_s` that cover `seconds` since `zero` (default: the plan's start)."""
    size = max(1, ceil(seconds / bin_s - 1e-9))
    place = np.clip(((trace.intended - (trace.t0 if zero is None else zero)) / bin_s).astype(np.int64), 0, size - 1)
    ok, degraded, shed = (trace.has(outcome) for outcome in (Outcome.OK, Outcome.DEGRADED, Outcome.SHED))
    sent = trace.was_sent
    columns = [_counted(place, mask, size) for mask in (sent, ok, degraded, shed, sent & ~(ok | degraded | shed))]
    p95 = _p95_by_bin(trace, place, size)
    rows = zip(*columns, p95, strict=True)
    return [
        TimeBin(t_s=round(i * bin_s, 6), sent=a, ok=b, degraded=c, shed=d, failed=e, p95_ms=p)
        for i, (a, b, c, d, e, p) in enumerate(rows)
    ]  # fmt: skip


def _counted(place: Ints, mask: Bools, size: int) -> list[int]:
    counted: list[int] = np.bincount(place[mask], minlength=size).tolist()
    return counted


def _p95_by_bin(trace: Trace, place: Ints, size: int) -> list[float | None]:
    valid = trace.valid
    values, where = (trace.received - trace.intended)[valid] * 1e3, place[valid]
    order = np.lexsort((values, where))
    ascending, edges = values[order], np.searchsorted(where[order], np.arange(size + 1))
    return [round(quantile(ascending[a:b], 0.95), 3) if b > a else None for a, b in pairwise(edges)]


def _rate(trace: Trace) -> float:
    """Requests per second; 0.0 for fewer than two."""
    span = float(trace.intended[-1] - trace.intended[0]) if len(trace) > 1 else 0.0
    return len(trace) / span if span else 0.0


def _lag_p99_s(trace: Trace) -> float:
    lag = np.sort(trace.lag_s)
    return quantile(lag, 0.99) if len(lag) else 0.0
