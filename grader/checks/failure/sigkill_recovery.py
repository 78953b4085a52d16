"""After its main process was killed: how long until the service is ready again?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "sigkill", worst="never")
    if isinstance(record, Finding):
        return record
    ready = record.facts.get("ready_s")
    if ready is None:
        return unmeasured("the time to readiness was not recorded")
    if ready < 0:
        return reached("never", "not ready again before the experiment's end")
    level = up_to(ready, (bars["prompt_s"], "prompt"), (bars["slow_s"], "slow"), beyond="crawls")
    seen = f"ready {ready:.1f} s after SIGKILL (at most {bars['prompt_s']:g} s), {record.facts.get('restarts', 0):.0f} restarts"
    return reached(level, seen, measure("recovered after", ready, "s"))
