"""With little memory to spare and large bodies on many connections: refused in time, killed and soon back, or stuck?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.recovery import during, good_share
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence

MIB = 2**20


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "memory_pressure", worst="never")
    if isinstance(record, Finding):
        return record
    facts, good = record.facts, good_share(during(record))
    ready = facts.get("ready_s")
    if ready is None:
        return unmeasured("the time to readiness was not recorded")
    killed = facts.get("oom_kills", 0) + facts.get("restarts", 0) > 0
    sent = f"{facts.get('bodies', 0):.0f} large bodies ({facts.get('bytes_sent', 0) / MIB:.0f} MiB), {facts.get('refused', 0):.0f} refused with a 4xx"
    end = f"; {'killed for want of memory' if killed else 'not killed'}, {'' if good is None else f'{good:.0%} of the other requests answered, '}"
    figures = [measure("peak memory", facts.get("peak_mib", 0), "MiB")]
    if ready < 0:
        return reached("never", f"{sent}{end}not good again before the experiment's end", *figures)
    seen = f"{sent}{end}good again {ready:.1f} s later"
    figures.append(measure("recovered after", ready, "s"))
    if not killed:
        return reached("bounded" if good is not None and good >= bars["answered"] else "drowns", seen, *figures)
    return reached(up_to(ready, (bars["prompt_s"], "restarts"), beyond="slow"), seen, *figures)
