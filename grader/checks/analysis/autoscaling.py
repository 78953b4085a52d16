"""Would the declared autoscaler act before the latency target breaks? The measured curve of rate, CPU and p99, and where the threshold lies on it.

An autoscaler on CPU looks at one number: CPU in use as a percentage of the CPU request. A service that waits (for a lock, a pool, a
dependency) breaks its target with an idle CPU, and no such autoscaler ever notices. Pure; shared by the check, the table and the chart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from grader.checks.analysis.probes import holds
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, LoadEvidence, LoadWindow, Probe, RepositoryEvidence, Sighting, StressEvidence

MIB = 2**20
WINDOWS = ("steady", "ramp", "spike")


@dataclass(frozen=True)
class CurvePoint:
    """One measurement at one rate: requests/s that were due on average (also of a ramp), cores in use, p99 in ms."""

    rate_rps: float
    cpu_cores: float
    p99_ms: float
    name: str


@dataclass(frozen=True)
class Limit:
    """CPU in use where the latency target breaks, in cores. `at_least`: it did not break at all up to there."""

    cores: float
    rate_rps: float
    at_least: bool


def curve(load: LoadEvidence | None, stress: StressEvidence | None, challenge: Challenge) -> list[CurvePoint]:
    """By rate. Void windows and trials, and trials that were cut short, are left out."""
    windows = [] if load is None else [w for w in load.windows if w.name in WINDOWS]
    points = [point for window in windows if (point := _of_window(window))]
    trials = stress.capacity.trials if stress is not None and stress.capacity is not None else []
    points += [
        CurvePoint(t.rate_rps, t.cpu_share * challenge.limits.cpus, t.p99_ms, f"trial at {t.rate_rps:.0f}/s")
        for t in trials
        if not t.aborted and not t.void and t.cpu_share is not None and t.p99_ms is not None
    ]
    return sorted(points, key=lambda point: (point.rate_rps, point.cpu_cores))


def adds_replicas(repository: RepositoryEvidence) -> bool:
    """Whether an autoscaler is declared that watches something and scales something. One that only resizes pods adds no replica."""
    scaler, *watched = (repository.probes.get(id) for id in ("autoscaler", "autoscaler_cpu_target", "autoscaler_other_metric"))
    return scaler is not None and holds(scaler) and aimless(scaler) is None and any(found is None or holds(found) for found in watched)


def aimless(scaler: Probe) -> str | None:
    """Why none of the autoscalers adds a replica: what they aim at is not there, or they may not scale up."""
    aims = [sight for sight in scaler.sightings if sight.facts.get("kind") != "VerticalPodAutoscaler"]
    why = [_in_vain(sight) for sight in aims]
    return why[0] if why and all(why) else None


def _in_vain(sight: Sighting) -> str | None:
    if away := sight.facts.get("away"):
        return f"{sight.text} aims at {sight.facts.get('aim')}, which no manifest declares in its namespace {away}"
    if sight.facts.get("aim_found") == 0:
        return f"{sight.text} aims at {sight.facts.get('aim')}, which no manifest declares"
    return f"{sight.text} never scales up (scaleUp: selectPolicy: Disabled)" if sight.facts.get("adds") == 0 else None


def blind(metrics: Collection[str], load: LoadEvidence, moves: float) -> str | None:
    """Why none of these metrics tells that a replica is at its limit, None where one may. `moves`: growth of memory in the spike that would.

    A clock does not see a burst. Memory that stays as it was at three times the rate has no threshold between calm and full.
    """
    if not metrics or not set(metrics) <= {"memory", "cron"}:
        return None
    if "memory" not in metrics:
        return "a clock, which sees no burst"
    steady, spike = load.window("steady"), load.window("spike")
    if steady is None or spike is None or steady.resources is None or spike.resources is None or not steady.resources.memory_end_bytes:
        return None
    calm, full = steady.resources.memory_end_bytes, spike.resources.memory_peak_bytes
    return f"memory, which the spike moves from {calm / MIB:.0f} to {full / MIB:.0f} MiB" if full < calm * moves else None


def threshold_cores(repository: RepositoryEvidence) -> float | None:
    """CPU in use per replica at which the declared autoscaler adds one, in cores; None where target or request is not declared or not known."""
    target, request = _value(repository, "autoscaler_cpu_target"), _value(repository, "declared_cpu_request")
    return None if target is None or request is None else target / 100 * request


def slo_limit(capacity: Capacity, repository: RepositoryEvidence, challenge: Challenge) -> Limit | None:
    """CPU in use at the capacity, or at the highest rate below it that held; None where none held or CPU was not measured.

    A replica that is declared with less CPU than it was measured with breaks no later than where that is used up.
    """
    if capacity.rate_rps is None:
        return None
    top_rps = capacity.rate_rps * 1.001  # a rate above it may have held for two seconds and not for the confirmation's five
    held = [t for t in capacity.trials if t.held and not t.void and t.cpu_share is not None and t.rate_rps <= top_rps]
    if not held:
        return None
    top = max(held, key=lambda trial: trial.rate_rps)
    cores, declared = (top.cpu_share or 0.0) * challenge.limits.cpus, _value(repository, "declared_cpu_limit")
    if declared is not None and declared < cores:
        return Limit(declared, top.rate_rps * declared / cores, at_least=False)
    return Limit(cores, top.rate_rps, at_least=capacity.limited_by != "service")


def most_cores(capacity: Capacity, challenge: Challenge) -> float:
    """The most CPU that the service used at any load, the target kept or not."""
    shares = [t.cpu_share for t in capacity.trials if not t.void] + [step.cpu_share for step in capacity.bursts]
    return max((share for share in shares if share is not None), default=0.0) * challenge.limits.cpus


def rate_at(points: list[CurvePoint], cores: float) -> float | None:
    """The rate at which the curve first uses that many cores, between two measured points; None outside of what was measured."""
    for below, above in pairwise(points):
        if below.cpu_cores <= cores <= above.cpu_cores and above.cpu_cores > below.cpu_cores:
            share = (cores - below.cpu_cores) / (above.cpu_cores - below.cpu_cores)
            return below.rate_rps + share * (above.rate_rps - below.rate_rps)
    return None


def _of_window(window: LoadWindow) -> CurvePoint | None:
    if window.void or window.resources is None or window.latency is None or not window.seconds:
        return None
    return CurvePoint(window.scheduled / window.seconds, window.resources.cpu_seconds / window.seconds, window.latency.p99_ms, window.name)


def _value(repository: RepositoryEvidence, id: str) -> float | None:
    found = repository.probes.get(id)
    return found.value if found is not None and holds(found) else None
