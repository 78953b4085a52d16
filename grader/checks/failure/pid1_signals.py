"""On `docker stop`, does the container leave by itself, or must it be killed?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence

KILLED = 137
"""128 + SIGKILL: the exit code of a process that the engine had to end."""


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "pid1_signals", worst="killed")
    if isinstance(record, Finding):
        return record
    code, took = record.facts.get("exit_code"), record.facts.get("exit_s")
    if code is None or took is None:
        return unmeasured("how the container ended was not recorded")
    figure = measure("exit after docker stop", took, "s")
    if code == KILLED:
        return reached("killed", f"still there {took:.1f} s after docker stop, and killed (exit code {KILLED})", figure)
    seen = f"left {took:.1f} s after docker stop (exit code {code:.0f})"
    return reached("leaves" if took <= bars["prompt_s"] else "late", seen, figure)
