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
    lost = [case for case in cases if not _handled(case)]
    share = 1 - len(lost) / len(cases)
    named = ", ".join(f"{case.name}: {case.status or case.error}" for case in lost[:4])
    seen = f"{len(cases) - len(lost)} of {len(cases)} inputs were handled right" + (f"; not so: {named}" if lost else "")
    figure = measure("handled right", share * 100, "%", n=len(cases))
    if not cases[-1].alive_after:
        return reached("dies", f"{seen}; after {cases[-1].name} the service was gone", figure)
    level = at_least(share, (bars["all"], "refuses"), (bars["most"], "mostly"), (bars["some"], "leaky"), below="swallows")
    gone = next((case.name for case in cases if not case.alive_after), None)
    if gone and level in ("refuses", "mostly"):
        return reached("leaky", f"{seen}; for a while after {gone} valid requests failed", figure)
    return reached(level, seen, figure)


def _handled(case: FaultCase) -> bool:
    """4xx with a body that says why; `valid_...` cases must be scored, `either_...` may be. A body far too large may lose its connection."""
    accepted = case.status is not None and 200 <= case.status < 300
    if case.name.startswith("valid_"):
        return accepted
    if case.name.startswith("either_") and accepted:
        return True
    if case.status is None:
        return case.name == "oversize" and case.error in ("reset", "eof")
    return 400 <= case.status < 500 and (bool(case.body.strip()) or case.status == 413)
