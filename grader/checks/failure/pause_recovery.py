"""After the process stood still for seconds: how fast is service normal again?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import recovery_s
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "pause", worst="never")
    if isinstance(record, Finding):
        return record
    after = recovery_s(record)
    frozen = f"frozen for {record.facts.get('pause_s', 0):.1f} s"
    if after is None:
        return reached("never", f"{frozen}; service was not good again before the experiment's end")
    if record.facts.get("restarts"):
        gone = f"{frozen}; its process ended and was started anew, good again after {after:.1f} s"
        return reached("slow" if after <= bars["slow_s"] else "never", gone, measure("recovered after", after, "s"))
    level = up_to(after, (bars["prompt_s"], "prompt"), (bars["slow_s"], "slow"), beyond="never")
    seen = f"{frozen}; good again {after:.1f} s after it went on (at most {bars['prompt_s']:g} s)"
    return reached(level, seen, measure("recovered after", after, "s"))
