"""With packets lost on the way: how many requests are answered in time, and are connections left over?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    record = judgeable(faults, "packet_loss", worst="breaks")
    if isinstance(record, Finding):
        return record
    facts = record.facts
    if not facts.get("sent_5") or not facts.get("sent_20"):
        return unmeasured("no requests were sent while packets were lost")
    light, heavy = facts.get("ok_5", 0) / facts["sent_5"], facts.get("ok_20", 0) / facts["sent_20"]
    left = _left(facts, "outgoing"), _left(facts, "close_wait")
    seen = f"{light:.1%} answered at 5 % loss and {heavy:.1%} at 20 %; afterwards {left[0]:.0f} more connections open to others than before, "
    seen += f"{left[1]:.0f} more not closed although the other side had left"
    figures = (
        measure("answered at 5 % loss", light * 100, "%", n=int(facts["sent_5"])),
        measure("answered at 20 % loss", heavy * 100, "%", n=int(facts["sent_20"])),
    )
    if light >= bars["light"] and heavy >= bars["heavy"]:
        return reached("leaks" if max(left) > bars["left"] else "holds", seen, *figures)
    return reached("bends" if light >= bars["light_least"] and heavy >= bars["heavy_least"] else "breaks", seen, *figures)


def _left(facts: dict[str, float], kind: str) -> float:
    return max(0.0, facts.get(f"{kind}_after", 0) - facts.get(f"{kind}_before", 0))
