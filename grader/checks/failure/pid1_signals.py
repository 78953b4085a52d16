"""On `docker stop`, does the container leave by itself and in order, or must it be killed?"""

from __future__ import annotations

from signal import SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence

KILLED = 137
"""128 + SIGKILL: the exit code of a process that the engine had to end."""

ORDERLY = frozenset({-1, 0, *(128 + int(sign) for sign in (SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2))})
"""Exit codes of who was told to go and went: 0, or 128 + the signal (an image may name another one with STOPSIGNAL); -1 was not recorded."""


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
    if took > bars["prompt_s"]:
        return reached("late", seen, figure)
    return reached("leaves", seen, figure) if code in ORDERLY else reached("fails", f"{seen}: it failed on the way out", figure)
