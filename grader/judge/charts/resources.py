"""Pictures of what the container used: its limits over time, and memory over the requests of the soak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grader.checks.analysis.growth import lasting
from grader.judge.say import figure
from grader.judge.tables.load import MIB, resources
from grader.judge.timeline import POINTS, X_UNIT, Placed, named, slice_s, spans
from grader.schema.challenge import Challenge
from grader.schema.evidence import ResourceSample, ResourceUse, StressEvidence
from grader.schema.result import Chart, Point, Series, Table


@dataclass(frozen=True)
class Used:
    """One slice of a window, in percent: of the CPU limit, of the memory limit, of the time."""

    x: float
    window: str
    cpu: float
    memory: float
    throttled: float


READS: dict[str, Callable[[Used], float]] = {"CPU": lambda u: u.cpu, "memory": lambda u: u.memory, "throttled": lambda u: u.throttled}
"""The curves of the picture."""


def over_time(line: Sequence[Placed], challenge: Challenge) -> Chart | None:
    measured = [p for p in line if p.window.resources]
    if not measured:
        return None
    width = slice_s(line)
    used = [_used(p, width, challenge) for p in measured]
    every = [u for window in used for u in window]
    curves = {name: _points(measured, used, read) for name, read in READS.items() if name != "throttled" or any(u.throttled for u in every)}
    return Chart(
        id="resources", title="Resources", says=_says(every, measured, challenge), x_unit=X_UNIT, y_unit="% of the limit; throttled: % of the time",
        series=[Series(name=name, unit="%", points=points) for name, points in curves.items()],
        spans=spans(line), limit=100, limit_label="all of the limit", table=resources([p.window for p in measured], challenge),
    )  # fmt: skip


def _points(measured: Sequence[Placed], used: Sequence[Sequence[Used]], read: Callable[[Used], float]) -> list[Point]:
    points: list[Point] = []
    for p, window in zip(measured, used, strict=True):
        points += [Point(x=u.x, y=read(u)) for u in window]
        points.append(Point(x=round(p.end, 3), y=None))
    return points


def _used(p: Placed, width: float, challenge: Challenge) -> list[Used]:
    """One entry per slice, from the difference of its ends. A share over the limit is jitter between two clocks."""
    use = p.window.resources
    if use is None:
        return []
    chosen = _thinned(_samples(use, p.window.seconds, p.window.sent), width)
    limits = challenge.limits
    return [
        Used(
            x=round(p.start + min(now.t_s, p.window.seconds), 3), window=named(p.window),
            cpu=round(min(1.0, (now.cpu_s - last.cpu_s) / (now.t_s - last.t_s) / limits.cpus) * 100, 1),
            memory=round(now.memory_bytes / MIB / limits.memory_mib * 100, 1),
            throttled=round((now.throttled_s - last.throttled_s) / (now.t_s - last.t_s) * 100, 1),
        )
        for last, now in pairwise(chosen)
        if now.t_s > last.t_s
    ]  # fmt: skip


def _samples(use: ResourceUse, seconds: float, sent: int) -> list[ResourceSample]:
    """The recorded series; of an evidence without one, the two ends of the window."""
    start = ResourceSample(t_s=0, requests=0, cpu_s=0, throttled_s=0, memory_bytes=use.memory_start_bytes)
    end = ResourceSample(
        t_s=max(seconds, 1e-3), requests=sent, cpu_s=use.cpu_seconds, throttled_s=use.throttled_seconds, memory_bytes=use.memory_end_bytes
    )
    samples = sorted(use.samples, key=lambda s: s.t_s) or [end]
    return samples if samples[0].t_s <= 0 else [start, *samples]


def _thinned(samples: Sequence[ResourceSample], width: float) -> list[ResourceSample]:
    """The first sample, then the last of each slice with the slice's largest memory: a peak must not fall between two points."""
    slices: dict[int, list[ResourceSample]] = {}
    for s in samples[1:]:
        slices.setdefault(int(s.t_s / width - 1e-9), []).append(s)
    return [samples[0], *(part[-1].model_copy(update={"memory_bytes": max(s.memory_bytes for s in part)}) for _, part in sorted(slices.items()))]


def _says(every: Sequence[Used], measured: Sequence[Placed], challenge: Challenge) -> str:
    """The largest value of each curve and where it was."""
    if not every:
        return "Nothing was sampled."
    cpu, throttled = (max(every, key=READS[name]) for name in ("CPU", "throttled"))
    fullest, peak = max(((named(p.window), p.window.resources.memory_peak_bytes) for p in measured if p.window.resources), key=lambda item: item[1])
    files = [p.window.resources.open_files_peak for p in measured if p.window.resources and p.window.resources.open_files_peak is not None]
    parts = [
        f"CPU at most {figure(cpu.cpu)} % of {challenge.limits.cpus:g} core{'' if challenge.limits.cpus == 1 else 's'} ({cpu.window})",
        f"memory at most {figure(peak / MIB)} of {challenge.limits.memory_mib} MiB ({fullest})",
        f"throttled at most {figure(throttled.throttled)} % of the time ({throttled.window})" if throttled.throttled else "never throttled",
        *([f"open files at most {max(files)}"] if files else []),
    ]
    return "; ".join(parts) + "."


def soak(stress: StressEvidence | None) -> Chart | None:
    """Memory against requests, since it is requests that a leak grows with."""
    window = stress.soak if stress else None
    if window is None or window.resources is None or len(window.resources.samples) < 2:
        return None
    samples = window.resources.samples
    step = -(-len(samples) // POINTS)
    kept = [*samples[::step], *([samples[-1]] if (len(samples) - 1) % step else [])]
    points = [Point(x=s.requests, y=round(s.memory_bytes / MIB, 2)) for s in kept]
    rows: list[list[str | float | None]] = [
        [s.requests, round(s.t_s, 1), round(s.memory_bytes / MIB, 2), s.open_files] for s in kept[:: max(1, len(kept) // 20)]
    ]
    return Chart(
        id="soak", title="Memory over the soak", says=_grown(window.void, samples), x_unit="requests", y_unit="MiB",
        series=[Series(name="memory", unit="MiB", points=points)],
        table=Table(id="soak", title="Memory over the soak", columns=["requests", "second", "memory MiB", "open files"], rows=rows),
    )  # fmt: skip


def _grown(void: str | None, samples: Sequence[ResourceSample]) -> str:
    """The ends, and the growth with the very interval that the check judges."""
    first, last, grown = samples[0], samples[-1], lasting(samples)
    said = f"{figure(first.memory_bytes / MIB)} MiB at the start, {figure(last.memory_bytes / MIB)} MiB after {last.requests:,} requests"
    if grown:
        said += f"; growth {figure(grown.kib_per_request)} KiB per request (99 % interval {figure(grown.low)} to {figure(grown.high)})"
    return f"{said}{f'; the window is void: {void}' if void else ''}."
