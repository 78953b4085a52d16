"""Declared requests and limits set against measured use. Pure; shared by the check and the table of cost drivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.checks.analysis.probes import holds
from grader.schema.challenge import Challenge
from grader.schema.evidence import LoadEvidence, LoadWindow, RepositoryEvidence, StressEvidence

MIB = 2**20
REQUIRED = ("declared_cpu_request", "declared_memory_request", "declared_memory_limit")
"""A CPU limit is a matter of taste: it is compared only where it is declared."""


@dataclass(frozen=True)
class Use:
    """What one replica took: cores at the steady rate and in the spike, MiB at the end of steady load and at most under any load."""

    steady_cores: float
    spike_cores: float
    steady_mib: float
    peak_mib: float


@dataclass(frozen=True)
class Fit:
    """One declared number and the room that measured use leaves it: `least` is needed, beyond `most` nothing is bought."""

    words: str
    unit: str
    declared: float
    least: float
    most: float
    against: str

    @property
    def verdict(self) -> str:
        return "under" if self.declared < self.least else "over" if self.declared > self.most else "fits"

    def __str__(self) -> str:
        unit = self.unit.removesuffix("s") if self.declared == 1 else self.unit
        return f"{self.words} {self.declared:.3g} {unit} ({self.against})"


def use(load: LoadEvidence, stress: StressEvidence | None, challenge: Challenge) -> Use | None:
    """None without accounting under steady load. Without a sound spike, the steady CPU times the burst factor stands for it.

    The peak is taken over void windows too: a noisy host moves latencies and CPU time, but not bytes.
    """
    steady, spike = load.window("steady"), load.window("spike")
    if steady is None or steady.resources is None or not steady.seconds:
        return None
    stressed = [stress.overload, stress.soak] if stress else []
    peaks = [w.resources.memory_peak_bytes for w in (*load.windows, *stressed) if w and w.resources]
    cores = _cores(steady) or 0.0
    burst = _cores(spike) if spike is not None and not spike.void else None
    return Use(cores, burst or cores * challenge.reality.burst_factor, steady.resources.memory_end_bytes / MIB, max(peaks) / MIB)


def fits(repository: RepositoryEvidence, used: Use, bars: Mapping[str, float]) -> list[Fit]:
    """Every declared number whose value is known, against its use."""
    cpu = f"steady load takes {used.steady_cores:.2g}, the spike {used.spike_cores:.2g}"
    spike, peak = f"the spike takes {used.spike_cores:.2g}", f"{used.peak_mib:.0f} at the peak"
    rooms = {
        "declared_cpu_request": ("CPU request", "cores", used.steady_cores * bars["cpu_least"], used.spike_cores * bars["cpu_most"], cpu),
        "declared_cpu_limit": ("CPU limit", "cores", used.spike_cores * bars["cpu_limit_least"], float("inf"), spike),
        "declared_memory_request": (
            "memory request", "MiB", used.steady_mib * bars["memory_least"], used.peak_mib * bars["memory_most"],
            f"{used.steady_mib:.0f} in use under steady load, {peak}",
        ),
        "declared_memory_limit": ("memory limit", "MiB", used.peak_mib * bars["limit_least"], used.peak_mib * bars["limit_most"], peak),
    }  # fmt: skip
    found = {id: repository.probes.get(id) for id in rooms}
    return [
        Fit(words, unit, probe.value, least, most, against)
        for id, (words, unit, least, most, against) in rooms.items()
        if (probe := found[id]) is not None and holds(probe) and probe.value is not None
    ]


def _cores(window: LoadWindow) -> float | None:
    return window.resources.cpu_seconds / window.seconds if window.resources and window.seconds else None
