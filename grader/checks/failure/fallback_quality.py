"""Is a degraded answer still a prediction: better than always answering the base rate?"""

from __future__ import annotations

from math import sqrt

from grader.checks.analysis.dependency import broken_dependency
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence

ALL_BUT = 0.5
"""Share of the requests whose answers said degraded, from which it is our probe that was slow, and no fallback that lacks."""


def check(faults: FaultsEvidence, bars: Bars) -> Finding:
    records = broken_dependency(faults, worst="none")
    if isinstance(records, Finding):
        return records
    flagged = [r.facts for r in records if r.facts.get("n_degraded", 0) > 0 and "brier_degraded" in r.facts and "brier_base" in r.facts]
    n = sum(facts["n_degraded"] for facts in flagged)
    sent = sum(r.facts.get("n_sent", 0) for r in records)
    if n < bars["least"] and n > ALL_BUT * sent > 0:
        return unmeasured(f"only {sent:.0f} requests were sent while a dependency was broken, too few to judge {n:.0f} degraded answers by")
    if n < bars["least"]:
        return reached("none", f"only {n:.0f} degraded answers came back while a dependency was broken, so there is no fallback to speak of")
    ours, base = (sum(facts[key] * facts["n_degraded"] for facts in flagged) / n for key in ("brier_degraded", "brier_base"))
    judged = [facts for facts in flagged if facts["n_degraded"] >= bars["least"]] or flagged
    distinct = min(facts.get("distinct_degraded", 0) for facts in judged)  # one way of falling back to a constant is lost among many that predict
    seen = f"Brier {ours:.4f} over {n:.0f} degraded answers, against {base:.4f} for the base rate; {distinct:.0f} distinct scores or more per fault"
    figures = measure("Brier of the fallback", ours, "Brier", n=int(n)), measure("Brier of the base rate", base, "Brier")
    if distinct < bars["distinct"]:
        return reached("constant", seen, *figures)
    luck = bars["noise"] / sqrt(n)
    if ours <= base * (1 + luck):
        return reached("informed", seen, *figures)
    return reached("near" if ours <= base * bars["near"] else "worse", seen, *figures)
