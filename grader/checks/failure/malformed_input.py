"""Is wrong input refused with a reason, and does the process live on?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultCase, FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "malformed_input", worst="dies")
    if isinstance(record, Finding):
        return record
    cases = record.cases
    if not cases:
        return unmeasured("no wrong input was sent")
    lost = [case for case in cases if not _refused(case)]
    share = 1 - len(lost) / len(cases)
    named = ", ".join(f"{case.name}: {case.status or case.error}" for case in lost[:4])
    seen = f"{len(cases) - len(lost)} of {len(cases)} wrong inputs were refused with a reason" + (f"; not so: {named}" if lost else "")
    figure = measure("refused", share * 100, "%", n=len(cases))
    if not all(case.alive_after for case in cases):
        killer = next(case.name for case in cases if not case.alive_after)
        return reached("dies", f"{seen}; after {killer} the service was gone", figure)
    return reached(at_least(share, (bars["all"], "refuses"), (bars["most"], "mostly"), (bars["some"], "leaky"), below="swallows"), seen, figure)


def _refused(case: FaultCase) -> bool:
    """4xx with a body that says why. Closing the connection on a body far too large is a refusal, too."""
    if case.status is None:
        return case.error in ("reset", "eof") and any(word in case.name for word in ("large", "huge", "size", "big"))
    return 400 <= case.status < 500 and (bool(case.body.strip()) or case.status == 413)
