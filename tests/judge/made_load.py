"""Load and stress made by hand: a service of 0.5 ms CPU per request on one core, so about 2000 requests/s at most, fast until close to it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from grader.schema.challenge import Challenge
from grader.schema.evidence import (
    BatchEvidence,
    BatchTrial,
    BurstStep,
    Capacity,
    CapacityTrial,
    ControlReading,
    Latency,
    LoadEvidence,
    LoadWindow,
    ResourceSample,
    ResourceUse,
    SlowClients,
    StressEvidence,
    TimeBin,
)

SHA = "5f" * 32
BIN_S = 0.1
SAMPLE_S = 0.25
MIB = 1 << 20
CPU_MS = 0.5
MOST_RPS = 2000.0
CURVE = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)


def bins(
    seconds: float, rate: float, p95_ms: float = 4.0, bad: tuple[float, float] | None = None, *, rate_from: float | None = None, shed: float = 0.0
) -> list[TimeBin]:
    """Steady answers; everything fails whose bin starts in [bad[0], bad[1]), a share of `shed` is refused."""
    made = []
    count = round(seconds / BIN_S)
    for i in range(count):
        t = round(i * BIN_S, 3)
        sent = round(_rate_at(rate_from, rate, i / count) * BIN_S)
        down = bad is not None and bad[0] <= t < bad[1]
        refused = 0 if down else round(sent * shed)
        p95 = None if down else round(p95_ms * (1 + 0.3 * math.sin(i)), 2)
        ok = 0 if down else sent - refused
        made.append(TimeBin(t_s=t, sent=sent, ok=ok, degraded=0, shed=refused, failed=sent if down else 0, p95_ms=p95))
    return made


def _rate_at(start: float | None, end: float, share: float) -> float:
    return end if start is None else start + (end - start) * share


def latency(n: int, p99_ms: float, over_slo: int = 0) -> Latency:
    return Latency(
        n=n, mean_ms=p99_ms / 4, p50_ms=p99_ms / 5, p95_ms=p99_ms / 2, p98_ms=p99_ms * 0.8, p99_ms=p99_ms, p999_ms=p99_ms * 1.5, max_ms=p99_ms * 2,
        p99_sent_ms=p99_ms * 0.97, intervals={"p99": (p99_ms * 0.9, p99_ms * 1.2)} if n > 300 else {},
        curve=[(q, round(p99_ms * _shape(q), 3)) for q in CURVE if n * (1 - q) >= 1], over_slo=over_slo,
    )  # fmt: skip


SHAPE = ((0.0, 0.1), (0.5, 0.2), (0.95, 0.5), (0.98, 0.8), (0.99, 1.0), (0.999, 1.5), (1.0, 2.0))
"""Share of requests -> multiple of p99."""


def _shape(q: float) -> float:
    """Between two points of the shape, straight on the axis of shares."""
    for (low, start), (high, end) in pairwise(SHAPE):
        if q <= high:
            return start + (end - start) * (q - low) / (high - low)
    return SHAPE[-1][1]


def resources(seconds: float, rate: float, *, memory_mib: float = 34.0, growth_kib: float = 0.02, rate_from: float | None = None) -> ResourceUse:
    """Accounting of a window: CPU by requests, memory that grows by `growth_kib` per request, throttled where the CPU does not suffice."""
    samples, cpu_s, sent = [], 0.0, 0.0
    count = round(seconds / SAMPLE_S)
    for i in range(count + 1):
        step = SAMPLE_S * _rate_at(rate_from, rate, i / max(1, count)) if i else 0.0
        sent += step
        cpu_s += min(0.98 * SAMPLE_S, step * CPU_MS / 1000)
        memory = round((memory_mib + 0.3 * (i % 3)) * MIB + sent * growth_kib * 1024)
        throttled_s = 0.0 if rate * CPU_MS < 900 else 0.4 * i * SAMPLE_S
        samples.append(
            ResourceSample(
                t_s=i * SAMPLE_S, requests=round(sent), cpu_s=round(cpu_s, 4), throttled_s=throttled_s, memory_bytes=memory, open_files=20 + i % 5
            )
        )
    return ResourceUse(
        cpu_seconds=samples[-1].cpu_s, throttled_seconds=samples[-1].throttled_s, memory_start_bytes=samples[0].memory_bytes,
        memory_end_bytes=samples[-1].memory_bytes, memory_peak_bytes=max(s.memory_bytes for s in samples), others_core_share=0.01, steal_share=0,
        log_bytes=round(sent * 240), open_files_peak=max(s.open_files or 0 for s in samples), samples=samples,
    )  # fmt: skip


def window(
    name: str, rate: float, seconds: float, p99_ms: float, start_s: float = 20.0, *, arrivals: str = "poisson", rate_from: float | None = None,
    shed: float = 0.0, void: str | None = None, slow: SlowClients | None = None, growth_kib: float = 0.02,
) -> LoadWindow:  # fmt: skip
    n = round(_rate_at(rate_from, rate, 0.5 if rate_from is not None else 1.0) * seconds)
    refused = round(n * shed)
    return LoadWindow(
        name=name, arrivals=arrivals, rate_rps=rate, rate_from_rps=rate_from, seconds=seconds, seed_digest=SHA[:32],
        scheduled=n, sent=n, dropped=0, ok=n - refused, degraded=0, errors={"shed": refused} if refused else {},
        statuses={"200": n - refused, **({"503": refused} if refused else {})}, lag_p99_ms=0.4,
        latency=latency(n - refused, p99_ms, over_slo=n // 20 if p99_ms > 100 else 0),
        bins=bins(seconds, rate, p99_ms / 2, rate_from=rate_from, shed=shed), start_s=start_s, void=void, slow_clients=slow,
        resources=resources(seconds, rate, rate_from=rate_from, growth_kib=growth_kib),
    )  # fmt: skip


def load(asked: Challenge, mode: str, p99_ms: float = 9.0, void: str | None = None) -> LoadEvidence:
    """Every window of the mode; `void` spoils the steady one."""
    windows, start = [], 20.0
    for plan in asked.modes[mode].load:
        rate = asked.reality.rate_rps * plan.rate_factor
        rate_from = asked.reality.rate_rps * plan.rate_factor_from if plan.arrivals == "ramp" else None
        slow = SlowClients(
            connections=plan.slow_clients, byte_every_s=0.25, opened=plan.slow_clients, cut_by_service=plan.slow_clients, first_cut_s=5.1
        )
        windows.append(
            window(
                plan.name, rate, plan.seconds, p99_ms * plan.rate_factor, start, arrivals=plan.arrivals, rate_from=rate_from,
                void=void if plan.name == "steady" else None, slow=slow if plan.slow_clients else None,
            )
        )  # fmt: skip
        start += plan.seconds + 1
    control = [reading("before load", 18.0), reading("after load", start, 7840.0)]
    return LoadEvidence(windows=windows, control=control, batch=batch(), bin_s=BIN_S)


def reading(moment: str, at_s: float, rate_rps: float = 8000.0) -> ControlReading:
    """Four callers without a pause: the rate says how fast the core was."""
    return ControlReading(
        moment=moment,
        at_s=at_s,
        n=round(rate_rps),
        rate_rps=rate_rps,
        p50_ms=3600 / rate_rps,
        p99_ms=9600 / rate_rps,
        cpu_ms_per_request=960 / rate_rps,
    )


def batch(found: str | None = "a list of requests") -> BatchEvidence:
    """The optional batch route; `found` None: it is not there."""
    trials = [
        BatchTrial(size=size, requests=100, answered=100, p50_ms=1.8 + 0.05 * size, cpu_ms_per_prediction=CPU_MS / size + 0.05)
        for size in (1, 16, 64)
    ]
    return BatchEvidence(route="/predict/batch", found=found, trials=trials if found else [])


def trial(rate: float, held: bool | None = True, **facts: Any) -> CapacityTrial:
    """A trial of 2 s: p99 climbs towards the CPU's ceiling, and a rate that was not held shows 300 ms."""
    p99_ms = round(4 / max(0.03, 1 - rate / MOST_RPS), 1) if held else 300.0
    usual = {
        "phase": "search", "seconds": 2.0, "sent": round(rate * 2), "over_slo": 0 if held else round(rate * 0.1), "p95_ms": p99_ms / 2,
        "p99_ms": p99_ms, "shed": 0, "degraded": 0, "cpu_share": round(min(0.98, rate * CPU_MS / 1000), 3), "peak_in_flight": 8 if held else 400,
        "aborted": False,
    }  # fmt: skip
    return CapacityTrial(**{**usual, **facts}, rate_rps=rate, held=held)


CONFIRMED, RELIEF_S = 1805.0, 4.0


def capacity(**facts: Any) -> Capacity:
    """A search of seven trials that confirmed 1805 requests/s; any fact can be another."""
    bursts = [
        BurstStep(concurrency=n, seconds=0.4, answered=round(0.4 * rate), rate_rps=rate, cpu_share=round(rate * CPU_MS / 1000, 2))
        for n, rate in ((1, 640.0), (2, 1150.0), (4, 1690.0), (8, 1940.0), (16, 1950.0), (32, 1930.0))
    ]
    trials = [
        trial(1560.0), trial(2010.0, False, aborted=True, seconds=0.9, sent=1810), trial(1780.0), trial(1890.0),
        trial(1950.0, None, p99_ms=620.0, void="host noisy: other work took 14% of the candidate's core"), trial(1950.0, False),
        trial(CONFIRMED, phase="confirm", seconds=5.0, sent=9025),
    ]  # fmt: skip
    usual = {
        "rate_rps": CONFIRMED, "failed_rps": 1950.0, "saturation_rps": 1950.0, "parallelism": 3.05, "limited_by": "service", "highest_rps": 5000.0,
        "cpu_ms_per_request": CPU_MS, "bursts": bursts, "trials": trials, "seconds": 18.3,
    }  # fmt: skip
    return Capacity(**{**usual, **facts})


def stress(asked: Challenge, mode: str, **parts: Any) -> StressEvidence:
    """Capacity, overload with its relief, and soak of the mode, all well; a part can be another, or None."""
    plan, start = asked.modes[mode].stress, 120.0
    if plan is None:
        return StressEvidence(bin_s=BIN_S)
    usual: dict[str, Any] = {
        "capacity": capacity(),
        "overload": window("overload", 2 * CONFIRMED, plan.overload_s, 85.0, start, shed=0.48),
        "relief": window("relief", asked.reality.rate_rps, RELIEF_S, 9.5, start + plan.overload_s),
        "soak": window("soak", 3 * asked.reality.rate_rps, plan.soak_s, 12.0, start + plan.overload_s + 6),
        "control": [reading("before stress", 98.0), reading("after search", 118.0, 7900.0), reading("after stress", start + 40, 7950.0)],
    }
    return StressEvidence(**{**usual, **parts}, bin_s=BIN_S)
