"""When one of several workers, or a helper process, is killed: do callers notice, and is there a new one soon?"""

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
    workers = record.facts.get("workers", 0)
    killed = f"one of {workers:.0f} workers" if workers else "a helper process"
    seen = f"{good:.1%} answered after {killed} was killed; {back}"
    level = _level(good, respawn >= 0, restarted, bars)
    if not workers and level == "falls" and restarted:
        level = "limps"  # it noticed, though all callers paid for it
    if not workers and level == "limps" and _told(record):
        level, seen = "felt", f"{seen}, and its probes say so"
    return reached(
        level, seen + ("; the whole container restarted" if restarted else ""),
        measure("answered", good * 100, "%"), *([measure("new worker after", respawn, "s")] if respawn >= 0 else []),
    )  # fmt: skip


def _one_process(record: FaultRecord | None) -> str | None:
    """What was seen of a service with nothing to kill beside its main process; None where there was something, or nothing was seen."""
    if record is None or record.failure is not None or record.injected:
        return None
    return record.proof if record.facts.get("workers") == 0 == record.facts.get("helpers", 0) else None


def _told(record: FaultRecord) -> bool:
    """Whether the health or the ready route said at the end that something is missing: a platform would see to it."""
    last = [polls[-1][1] for polls in (record.liveness, record.readiness) if polls]
    return any(status not in (0, 200) for status in last)


def _level(good: float, respawned: bool, restarted: bool, bars: Bars) -> str:
    if good >= bars["unharmed"] and respawned and not restarted:
        return "unharmed"
    if good < bars["felt"]:
        return "falls"
    return "felt" if respawned else "limps"
