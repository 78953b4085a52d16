"""Pictures as data, a module per theme. Renderers draw these; nothing is computed after this point."""

from __future__ import annotations

from grader.judge.charts import autoscaling, capacity, drift, faults, latency, resources
from grader.judge.found import found
from grader.judge.timeline import timeline
from grader.schema.bundle import Bundle
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, FaultsEvidence, LoadEvidence, RepositoryEvidence, StressEvidence
from grader.schema.result import Chart


def charts(bundle: Bundle, challenge: Challenge) -> list[Chart]:
    """Whatever the evidence allows, in reading order."""
    load, stress, drifted = found(bundle, LoadEvidence), found(bundle, StressEvidence), found(bundle, DriftEvidence)
    line = timeline(load, stress)
    drawn = [
        *faults.over_time(found(bundle, FaultsEvidence)),
        *(drift.pictures(drifted, challenge) if drifted else []),
        latency.over_time(line, challenge),
        latency.percentiles(line, challenge),
        capacity.search(stress, challenge),
        autoscaling.picture(load, stress, found(bundle, RepositoryEvidence), challenge),
        latency.throughput(line),
        resources.over_time(line, challenge),
        resources.soak(stress),
    ]
    return [chart for chart in drawn if chart]


__all__ = ["charts"]
