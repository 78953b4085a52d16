"""Numbers that people would rather read in rows, a module per theme."""

from __future__ import annotations

from grader.judge.cost import cost_table
from grader.judge.found import found
from grader.judge.tables import drift, faults, feedback, load, prometheus, stress
from grader.judge.timeline import timeline
from grader.schema.bundle import Bundle
from grader.schema.challenge import Challenge
from grader.schema.evidence import DriftEvidence, FaultsEvidence, FeedbackEvidence, LoadEvidence, PrometheusEvidence, StressEvidence
from grader.schema.result import Table


def tables(bundle: Bundle, challenge: Challenge) -> list[Table]:
    """Whatever the evidence allows and no picture has behind it."""
    sent, stressed = found(bundle, LoadEvidence), found(bundle, StressEvidence)
    drifted, injected = found(bundle, DriftEvidence), found(bundle, FaultsEvidence)
    watched = found(bundle, PrometheusEvidence)
    windows = [p.window for p in timeline(sent, stressed)]
    rows = [
        faults.injected(injected),
        faults.inputs(injected),
        drift.noticed(drifted, challenge),
        prometheus.loop(drifted, watched),
        prometheus.rules(watched),
        prometheus.panels(watched),
        feedback.learned(found(bundle, FeedbackEvidence)),
        load.windows(windows),
        stress.bursts(stressed, challenge),
        load.batch(sent),
        load.slow_clients(windows),
        cost_table(bundle, challenge),
        load.control(sent, stressed),
    ]
    return [table for table in rows if table]


__all__ = ["tables"]
