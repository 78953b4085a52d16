"""After its network was cut and came back: how fast is service normal again?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import recovery_s
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "network_cut", worst="never")
    if isinstance(record, Finding):
        return record
    after = recovery_s(record)
    cut = f"cut off for {record.facts.get('cut_s', 0):.1f} s"
    if after is None:
        return reached("never", f"{cut}; service was not good again before the experiment's end")
    level = up_to(after, (bars["prompt_s"], "prompt"), (bars["slow_s"], "slow"), beyond="never")
    seen = f"{cut}; good again {after:.1f} s after it came back (at most {bars['prompt_s']:g} s)"
    return reached(level, seen, measure("recovered after", after, "s"))
