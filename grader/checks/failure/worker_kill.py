"""When one of several workers is killed: do callers notice, and is there a new one soon?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import between, good_share
from grader.checks.api import Bars, Finding, measure, not_applicable, reached, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    if (alone := _one_process(faults.fault("worker_kill"))) is not None:
        return not_applicable(alone)
    record = judgeable(faults, "worker_kill", worst="falls")
    if isinstance(record, Finding):
        return record
    good = good_share(between(record.bins, record.inject_s or 0.0, record.end_s or 0.0))
    respawn = record.facts.get("respawn_s")
    if good is None or respawn is None:
        return unmeasured("what followed the kill was not recorded")
    back = f"a new one after {respawn:.1f} s" if respawn >= 0 else "no new one came"
    restarted = record.facts.get("restarts", 0) > 0
    seen = f"{good:.1%} answered after one of {record.facts.get('workers', 0):.0f} workers was killed; {back}"
    return reached(
        _level(good, respawn >= 0, restarted, bars), seen + ("; the whole container restarted" if restarted else ""),
        measure("answered", good * 100, "%"), *([measure("new worker after", respawn, "s")] if respawn >= 0 else []),
    )  # fmt: skip


def _one_process(record: FaultRecord | None) -> str | None:
    """What was seen of a service without workers; None where there are some, or nothing was seen."""
    seen = record is not None and record.failure is None and not record.injected and record.facts.get("workers") == 0
    return record.proof if record is not None and seen else None


def _level(good: float, respawned: bool, restarted: bool, bars: Bars) -> str:
    if good >= bars["unharmed"] and respawned and not restarted:
        return "unharmed"
    if good < bars["felt"]:
        return "falls"
    return "felt" if respawned else "limps"
