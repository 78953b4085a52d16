"""The capacity search in rows: closed bursts by concurrency, then every trial."""

from __future__ import annotations

from typing import Literal

from grader.judge.say import figure
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, CapacityTrial, StressEvidence
from grader.schema.result import Table

Row = list[str | float | None]

Kind = Literal["held", "failed", "aborted", "void"]

OUTCOMES: dict[Kind, str] = {
    "held": "held",
    "failed": "did not hold",
    "aborted": "did not hold, ended early",
    "void": "void",
}
"""What became of a trial, in words."""


def outcome(trial: CapacityTrial) -> Kind:
    if trial.void or trial.held is None:
        return "void"
    return "held" if trial.held else "aborted" if trial.aborted else "failed"


def bursts(stress: StressEvidence | None, challenge: Challenge) -> Table | None:
    found = stress.capacity if stress else None
    if found is None or not found.bursts:
        return None
    single = next((b.rate_rps for b in found.bursts if b.concurrency == 1), None)
    rows: list[Row] = [[b.concurrency, round(b.rate_rps), _times(b.rate_rps, single), _percent(b.cpu_share)] for b in found.bursts]
    columns = ["callers", "requests/s", "times one caller", "CPU % of the limit"]
    return Table(id="bursts", title="Throughput by concurrency", columns=columns, rows=rows, says=_parallel(found, challenge))


def _times(rate: float, single: float | None) -> float | None:
    return round(rate / single, 2) if single else None


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100)


def _parallel(found: Capacity, challenge: Challenge) -> str:
    said = "Each caller sends as soon as it was answered."
    if found.parallelism is not None:
        said += f" The best rate, {figure(found.saturation_rps)}/s, is {figure(found.parallelism)} times that of one caller."
    if found.cpu_ms_per_request:
        most = challenge.limits.cpus * 1000 / found.cpu_ms_per_request
        said += f" At {figure(found.cpu_ms_per_request)} ms of CPU per request, {challenge.limits.cpus:g} CPU allows at most {figure(most)}/s."
    return said


def trials(found: Capacity) -> Table:
    """In the order in which they ran."""
    columns = [
        "for",
        "requests/s",
        "seconds",
        "sent",
        "late or lost",
        "p95 ms",
        "p99 ms",
        "shed",
        "degraded",
        "CPU %",
        "in flight at most",
        "outcome",
    ]
    return Table(id="trials", title="Trials of the capacity search", columns=columns, rows=[_trial(t) for t in found.trials])


def _trial(t: CapacityTrial) -> Row:
    said = OUTCOMES[outcome(t)] + (f": {t.void}" if t.void else "")
    return [
        t.phase, round(t.rate_rps), round(t.seconds, 1), t.sent, t.over_slo, t.p95_ms, t.p99_ms, t.shed, t.degraded, _percent(t.cpu_share),
        t.peak_in_flight, said,
    ]  # fmt: skip
