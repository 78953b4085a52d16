"""Latency against CPU in use: the curve on which a declared autoscaler's threshold lies before or behind the target."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.analysis.autoscaling import CurvePoint, curve, rate_at, threshold_cores
from grader.judge.say import figure
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, RepositoryEvidence, StressEvidence
from grader.schema.result import Chart, Dot, Mark, Table


def picture(
    load: LoadEvidence | None, stress: StressEvidence | None, repository: RepositoryEvidence | None, challenge: Challenge
) -> Chart | None:  # fmt: skip
    """None with fewer than two measured points: one says nothing about what comes before what."""
    points = curve(load, stress, challenge)
    if len(points) < 2:
        return None
    slo_ms, threshold = challenge.reality.slo_p99_ms, threshold_cores(repository) if repository else None
    mark = [] if threshold is None else [Mark(x=threshold, label=f"autoscaler acts at {figure(threshold)} cores", kind="threshold", written=True)]
    return Chart(
        id="autoscaling", title="Latency against CPU in use", says=f"{_limit(stress, points, slo_ms)} {_acts(points, threshold)}",
        x_unit="CPU cores in use", y_unit="ms, p99", y_scale="log", series=[], dots=[_dot(p) for p in points], marks=mark,
        limit=slo_ms, limit_label=f"SLO {slo_ms:g} ms", table=_rows(points),
    )  # fmt: skip


def _dot(p: CurvePoint) -> Dot:
    return Dot(x=round(p.cpu_cores, 4), y=p.p99_ms, kind="window", label=f"{p.name}: {figure(p.cpu_cores)} cores, p99 {figure(p.p99_ms)} ms")


def _limit(stress: StressEvidence | None, points: Sequence[CurvePoint], slo_ms: float) -> str:
    """Where the target breaks, as the capacity search published it: a short trial above may have kept it for a moment."""
    capacity = stress.capacity if stress else None
    if capacity is None or capacity.void or not capacity.trials:
        return _target(points, slo_ms)
    if capacity.rate_rps is None:
        return f"No rate was confirmed to keep the {slo_ms:g} ms target; points within it are of windows and of trials of seconds."
    top = max((p for p in points if p.rate_rps <= capacity.rate_rps * 1.001), key=lambda p: p.rate_rps, default=None)
    held = f"The {slo_ms:g} ms target was kept up to the capacity of {figure(capacity.rate_rps)} requests/s"
    held += f" ({figure(top.cpu_cores)} cores)" if top else ""
    return held + ("; points beyond it are trials of seconds." if any(p.rate_rps > capacity.rate_rps * 1.001 for p in points) else ".")


def _target(points: Sequence[CurvePoint], slo_ms: float) -> str:
    """Along rising rates, since a service that waits breaks its target without more CPU."""
    over = next((p for p in points if p.p99_ms > slo_ms), None)
    below = [p for p in points if over is None or p.rate_rps < over.rate_rps]
    if not below:
        return f"p99 was over the {slo_ms:g} ms target at the lowest load already."
    seen = f"p99 was within the {slo_ms:g} ms target up to {_place(below[-1])}"
    return f"{seen}." if over is None else f"{seen} and over it at {_place(over)}."


def _place(p: CurvePoint) -> str:
    return f"{figure(p.rate_rps)} requests/s ({figure(p.cpu_cores)} cores)"


def _acts(points: Sequence[CurvePoint], threshold: float | None) -> str:
    if threshold is None:
        return "No threshold on CPU could be read from the repository."
    rate = rate_at(list(points), threshold)
    return f"The declared autoscaler acts at {figure(threshold)} cores{f', about {figure(rate)} requests/s' if rate is not None else ''}."


def _rows(points: Sequence[CurvePoint]) -> Table:
    rows: list[list[str | float | None]] = [[p.name, round(p.rate_rps), round(p.cpu_cores, 3), round(p.p99_ms, 1)] for p in points]
    return Table(id="autoscaling", title="Latency against CPU in use", columns=["measured in", "requests/s", "CPU cores", "p99 ms"], rows=rows)
