"""The control container: a fixed tiny server of ours, under the candidate's flags and on its core, through a fixed profile before and after.

What moves its figures is the host, not the candidate, which is frozen meanwhile. The profile is a closed burst that keeps the core busy:
at a light load the figures show how deeply an idle core sleeps (a factor of three between two readings) and not what the core can do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.schema.causes import Trouble
from grader.schema.evidence.load import ControlReading
from harness.load.generator import LoadGenerator
from harness.load.plan import Plan
from harness.load.trace import Trace, quantile
from harness.load.watch import Target

CALLERS, WARM_S, SECONDS, MOST = 4, 0.4, 1.0, 40_000
MOVED = 0.15
"""Relative change beyond which the windows in between say nothing."""
BEHIND = 0.3
"""The same against the best reading before: a core that left its turbo is a tenth or two slower and can be measured, half a core cannot."""


def read(generator: LoadGenerator, server: Target, moment: str, run_start: float) -> ControlReading:
    """One pass of the profile. Raises Trouble when the generator breaks."""
    _burst(generator, server, WARM_S)
    before = server.usage()
    trace = _burst(generator, server, SECONDS)
    cpu_s = server.usage().cpu_s - before.cpu_s
    values = trace.latency_s() * 1e3
    if not len(values):
        raise Trouble("sidecar_down", f"the control container gave no answer: {trace.counts()}")
    return ControlReading(
        moment=moment, at_s=round(trace.t0 - run_start, 3), n=len(values), rate_rps=round(len(values) / SECONDS, 1),
        p50_ms=round(quantile(values, 0.5), 4), p99_ms=round(quantile(values, 0.99), 4), cpu_ms_per_request=round(cpu_s / len(values) * 1e3, 5),
    )  # fmt: skip


def _burst(generator: LoadGenerator, server: Target, seconds: float) -> Trace:
    return generator.start(Plan(server.ip, server.port, "/", [0.0] * MOST, [b"{}"], [], callers=CALLERS, seconds=seconds)).wait()


def moved(readings: Sequence[ControlReading], since: int = 0) -> str | None:
    """Why the windows between `readings[since]` and the last one must not be used, or None.

    Those readings must agree with each other, and none may lie far behind the best of all: a host that fell behind and stayed there is as
    steady as it is wrong.
    """
    recent = readings[since:]
    if len(recent) < 2:
        return None
    figures: tuple[tuple[str, str, Callable[[ControlReading], float]], ...] = (
        ("rate", "requests/s", lambda reading: reading.rate_rps),
        ("CPU time", "ms per request", lambda reading: -reading.cpu_ms_per_request),
    )
    for name, unit, merit in figures:
        worst = min(recent, key=merit)
        for best, bar in ((max(recent, key=merit), MOVED), (max(readings, key=merit), BEHIND)):
            a, b = (abs(merit(reading)) for reading in sorted((best, worst), key=lambda reading: reading.at_s))
            if min(a, b) <= 0 or max(a, b) / min(a, b) > 1 + bar:
                return f"host unsteady: the control container's {name} moved from {a:.3g} to {b:.3g} {unit}"
    return None
