"""Is wrong input refused with a reason, and does the process live on?"""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.analysis.faults import judgeable
from grader.checks.analysis.inputs import flaw, grouped, named, unhelpful
from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultCase, FaultsEvidence

NAMED = 3
"""Most mistakes that the sentence names, and most kinds of input per mistake."""


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "malformed_input", worst="dies")
    if isinstance(record, Finding):
        return record
    cases = record.cases
    if not cases:
        return unmeasured("no wrong input was sent")
    lost = [case for case in cases if flaw(case)]
    share = 1 - len(lost) / len(cases)
    seen = f"{len(cases) - len(lost)} of {len(cases)} inputs were handled right{_mistreated(lost)}"
    figure = measure("handled right", share * 100, "%", n=len(cases))
    if not cases[-1].alive_after:
        return reached("dies", f"{seen}; after {cases[-1].name} the service was gone", figure)
    level = at_least(share, (bars["all"], "refuses"), (bars["most"], "mostly"), (bars["some"], "leaky"), below="swallows")
    gone = next((case.name for case in cases if not case.alive_after), None)
    if gone and level in ("refuses", "mostly"):
        return reached("leaky", f"{seen}; for a while after {gone} valid requests failed", figure)
    if level == "refuses" and (words := unhelpful(cases, bars["plain"], bars["words"])):
        return reached("mostly", f"{seen}; {words}", figure)
    return reached(level, seen, figure)


def _mistreated(lost: Sequence[FaultCase]) -> str:
    """What was wrong, the largest mistake first, each with the kinds of input that met it, and one request that anybody can send again."""
    if not lost:
        return ""
    flaws: dict[str, list[FaultCase]] = {}
    for case in lost:
        flaws.setdefault(str(flaw(case)), []).append(case)
    told = sorted(flaws.items(), key=lambda item: -len(item[1]))
    sentences = [f"{why} ({len(cases)}: {_kinds(cases)})" for why, cases in told[:NAMED]]
    request = told[0][1][0].request
    return f"; not so: {', '.join(sentences)}" + (f"; such as {request}" if request else "")


def _kinds(cases: Sequence[FaultCase]) -> str:
    groups = sorted(grouped(cases).values(), key=lambda group: -len(group))
    more = f" and {len(groups) - NAMED} kinds more" if len(groups) > NAMED else ""
    return ", ".join(named(group) for group in groups[:NAMED]) + more
