"""One stretch of load at one target, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.report import Cell, Column, Table
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.trace import Trace, interval, quantile
from harness.load.windows import PERCENTILES, void_reason

MAX_REPLY_BYTES = 1 << 20
NAMES = {"p999": "p99.9"}


@dataclass(frozen=True)
class Order:
    """What to send. `address` is the IPv4 address of `host`; `body_kind` says where the body came from; rates in 1/s."""

    host: str
    address: str
    port: int
    method: str
    path: str
    body: bytes
    body_kind: str
    profile: str
    rate: float
    seconds: float
    seed: int
    timeout_s: float
    arrivals_s: list[float]

    def plan(self) -> Plan:
        """Any 2xx is a good answer: nothing is known of the target's contract."""
        return Plan(
            self.address, self.port, self.path, self.arrivals_s, [self.body], [], timeout_s=self.timeout_s, method=self.method,
            max_reply_bytes=MAX_REPLY_BYTES,
        )  # fmt: skip


@dataclass(frozen=True)
class Percentile:
    """In ms: from the intended moment, its 95 % interval where n is large enough, and from the sending."""

    name: str
    ms: float
    low: float | None
    high: float | None
    sent_ms: float


@dataclass(frozen=True)
class Shot:
    """What became of an order."""

    order: Order
    trace: Trace
    peak_mib: float

    @property
    def percentiles(self) -> list[Percentile]:
        """Over the good answers, as far as their number reaches; none without any."""
        values, sent = self.trace.latency_s() * 1e3, self.trace.latency_s("sent") * 1e3
        found = []
        for name, q in (PERCENTILES | {"max": 1.0}).items() if len(values) else ():
            if q < 1 and len(values) * (1 - q) < 1:
                continue
            low, high = (interval(values, q) if q < 1 else None) or (None, None)
            found.append(Percentile(NAMES.get(name, name), quantile(values, q), low, high, quantile(sent, q)))
        return found

    @property
    def lag_ms(self) -> dict[str, float]:
        lag = np.sort(self.trace.lag_s) * 1e3
        return {name: quantile(lag, q) for name, q in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))} if len(lag) else {}

    @property
    def void(self) -> str | None:
        """Why a grading would not use this window. Others' use of the target's core is not known here."""
        return void_reason(self.trace, self.order.timeout_s, None)

    def text(self) -> str:
        order, trace, n = self.order, self.trace, len(self.trace)
        numbers = f"{n} scheduled, {n - trace.dropped} sent, {trace.dropped} dropped"
        outcomes: list[list[Cell]] = [[label, count, count / n * 100] for label, count in sorted(trace.counts().items(), key=lambda item: -item[1])]
        statuses = ", ".join(f"{status}: {count}" for status, count in trace.statuses().items()) or "none"
        lag = ", ".join(f"{name} {value:.3f} ms" for name, value in self.lag_ms.items()) or "nothing was sent"
        return "\n".join([
            f"{order.method} http://{order.host}:{order.port}{order.path}, body of {len(order.body)} bytes ({order.body_kind})",
            f"{order.profile} {order.rate:g}/s for {order.seconds:g} s, seed {order.seed}: {numbers}",
            Table("What became of them", (Column("outcome"), Column("requests"), Column("share", 2, " %")), outcomes).text(),
            f"HTTP statuses: {statuses}; sent once more after an idle close: {int(trace.retries.sum())}",
            self._waited(),
            f"Lag (sent - intended): {lag}; generator CPU {trace.cpu_s / order.seconds:.1%} of a core, peak {self.peak_mib:.0f} MiB",
            "A grading would use this window" if self.void is None else f"A grading would void this window: {self.void}",
        ])  # fmt: skip

    def _waited(self) -> str:
        n = int(np.count_nonzero(self.trace.valid))
        if not n:
            return "No request was answered well: there are no percentiles"
        columns = (Column("percentile"), Column("ms", 3), Column("95 % from", 3), Column("to", 3), Column("since sent", 3))
        rows: list[list[Cell]] = [[p.name, p.ms, p.low, p.high, p.sent_ms] for p in self.percentiles]
        return Table(f"How long users waited, from the intended moment (n = {n} good answers, seed {self.order.seed})", columns, rows).text()

    def record(self) -> dict[str, object]:
        order, trace = self.order, self.trace
        return {
            "target": f"{order.host}:{order.port}", "method": order.method, "path": order.path, "body_bytes": len(order.body),
            "profile": order.profile, "rate_rps": order.rate, "seconds": order.seconds, "seed": order.seed, "timeout_s": order.timeout_s,
            "scheduled": len(trace), "sent": len(trace) - trace.dropped, "dropped": trace.dropped, "retried": int(trace.retries.sum()),
            "outcomes": trace.counts(), "statuses": trace.statuses(), "n": int(np.count_nonzero(trace.valid)),
            "percentiles": {p.name: {"ms": p.ms, "low": p.low, "high": p.high, "since_sent_ms": p.sent_ms} for p in self.percentiles},
            "lag_ms": self.lag_ms, "void": self.void, "generator": {"cpu_s": trace.cpu_s, "peak_mib": self.peak_mib},
        }  # fmt: skip


def fire(order: Order, generator: LoadGenerator) -> Shot:
    """Send it all and wait for the last answer or deadline."""
    return Shot(order, generator.start(order.plan()).wait(), generator.peak_mib)
