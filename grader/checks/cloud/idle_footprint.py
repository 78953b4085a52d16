"""How much memory does a replica take that serves nothing?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence, bars: Bars) -> Finding:
    if boot.idle_memory_bytes is None:
        return unmeasured("idle memory was not measured")
    idle = boot.idle_memory_bytes / 2**20
    level = up_to(idle, (bars["lean_mib"], "lean"), (bars["fair_mib"], "fair"), beyond="heavy")
    return reached(level, f"{idle:.0f} MiB when idle (at most {bars['lean_mib']:g} MiB)", measure("idle memory", idle, "MiB"))
