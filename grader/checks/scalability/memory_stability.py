"""Does memory keep growing with the requests served?"""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import LoadEvidence


def check(load: LoadEvidence, bars: Bars) -> Finding:
    measured = [w for w in load.windows if w.resources and w.name != "warmup" and w.sent]
    if len(measured) < 2:
        return unmeasured("memory was measured in fewer than two windows of load")
    first, last = measured[0].resources, measured[-1].resources
    assert first is not None and last is not None
    requests = sum(w.sent for w in measured)
    grown = (last.memory_end_bytes - first.memory_start_bytes) / 2**20
    level = up_to(grown, (bars["flat_mib"], "flat"), (bars["creeping_mib"], "creeps"), beyond="leaks")
    seen = f"memory went from {first.memory_start_bytes / 2**20:.0f} to {last.memory_end_bytes / 2**20:.0f} MiB over {requests} requests"
    return reached(level, f"{seen} ({grown:+.0f} MiB, at most {bars['flat_mib']:g})", measure("growth", grown, "MiB", n=requests))
