"""Carrying out one fault in a test, and what the check that judges it says."""

from __future__ import annotations

from dataclasses import replace

from checks.builders import judge

from challenges.simulator import Row
from grader.schema.evidence.faults import FaultRecord, FaultsEvidence
from grader.schema.result import Outcome
from harness.faults import runner, stage
from harness.faults.base import Scene
from harness.faults.catalogue import CATALOGUE


def perform(id: str, scene: Scene, rows: list[Row], **timing: float) -> FaultRecord:
    """With the catalogue's timing, but for a short steady state before it and what is given."""
    entry = CATALOGUE[id]
    stage.await_undegraded(scene, rows)
    return runner.run(replace(entry, timing=replace(entry.timing, before_s=1.0, **timing)), scene, stage.newcomers_first(rows))


def level(check: str, record: FaultRecord) -> str:
    """The check's level, or its outcome where it has none."""
    assert record.failure is None
    finding = judge(check, faults=FaultsEvidence(faults=[record]))
    return finding.level or (finding.outcome or Outcome.UNKNOWN).value
