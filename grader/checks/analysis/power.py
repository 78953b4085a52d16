"""Power curves: one feature drifted at several severities, and what the monitor made of each."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from grader.checks.analysis.gauges import calm_readings, drifted_readings
from grader.checks.analysis.signals import Heard, Signal, listen
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence


@dataclass(frozen=True)
class Curve:
    """The runs of one kind by rising severity. `gauge` is the candidate's series of the feature that moved most at the strongest, if any;
    `shifts` is (severity, how far its median left the control median), and `noise` how widely it is spread while nothing changes: over
    the control windows, then within each run."""

    kind: str
    feature: str
    signals: tuple[Signal, ...]
    gauge: str
    shifts: tuple[tuple[float, float], ...]
    noise: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.kind} ({self.feature})" if self.feature else self.kind

    @property
    def severities(self) -> str:
        return ", ".join(f"{s.stretch.run.severity:g}" for s in self.signals)

    @property
    def smallest(self) -> float | None:
        """The severity from which on every stronger run was noticed too: one lucky hit below a miss is no power."""
        found = None
        for signal in reversed(self.signals):
            if not signal.episodes:
                break
            found = signal.stretch.run.severity
        return found


def curves(drift: DriftEvidence, challenge: Challenge) -> list[Curve]:
    """One per kind that was streamed at more than one severity."""
    return [curve for curve in all_runs(drift, listen(drift, challenge)) if len(curve.signals) > 1]


def all_runs(drift: DriftEvidence, heard: Heard) -> list[Curve]:
    """One per kind, also for kinds that were streamed at one severity only."""
    kinds: dict[str, list[Signal]] = {}
    for signal in sorted(heard.signals, key=lambda s: s.stretch.run.severity):
        kinds.setdefault(signal.stretch.kind, []).append(signal)
    return [_curve(drift, signals) for signals in kinds.values()]


def _curve(drift: DriftEvidence, signals: list[Signal]) -> Curve:
    strongest = signals[-1].stretch
    series = signals[-1].gauges if strongest.feature else ()
    moved = [(name, shifts) for name in series if len(shifts := _shifts(drift, signals, name)) == len(signals) and shifts[-1][1] > 0]
    gauge, shifts = max(moved, key=lambda item: (not _flag(drift, item[0]), _relative(drift, item[0], item[1][-1][1])), default=("", []))
    noise = _noise(drift, signals, gauge) if gauge else ()
    return Curve(strongest.kind, strongest.feature, tuple(signals), gauge, tuple(shifts), noise)


def _shifts(drift: DriftEvidence, signals: list[Signal], name: str) -> list[tuple[float, float]]:
    calm = calm_readings(drift, name)
    found = []
    for signal in signals:
        later = drifted_readings(signal.stretch, name)
        if calm and later:
            found.append((signal.stretch.run.severity, round(abs(median(later) - median(calm)), 6)))
    return found


def _noise(drift: DriftEvidence, signals: list[Signal], name: str) -> tuple[float, ...]:
    levels = [calm_readings(drift, name), *(drifted_readings(signal.stretch, name) for signal in signals)]
    return tuple(max(values) - min(values) for values in levels)


def _relative(drift: DriftEvidence, name: str, shift: float) -> float:
    """A shift against the series' own calm range: a statistic and a p-value have no common unit."""
    calm = calm_readings(drift, name)
    return shift / max(max(calm) - min(calm), 1e-9)


def _flag(drift: DriftEvidence, name: str) -> bool:
    """A gauge of two values says whether, and cannot say how far: one that never moves in calm would win over every real statistic."""
    return len({w.gauges[name] for w in drift.windows if name in w.gauges}) <= 2
