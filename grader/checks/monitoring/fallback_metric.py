"""Are fallback answers counted? Read around the dependency faults, where we know that there were some."""

from __future__ import annotations

import re

from grader.checks.analysis.dependency import broken_dependency
from grader.checks.analysis.metrics import around, growth_of, readable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence, MetricsEvidence

FALLBACK = re.compile(r"fallback|degrad", re.I)


def check(metrics: MetricsEvidence, faults: FaultsEvidence, bars: Bars) -> Finding:
    records = broken_dependency(faults, worst="missing")
    if isinstance(records, Finding):
        return records
    pairs = [(record, between) for record in records if (between := around(metrics, record.id))]
    if not pairs:
        return unmeasured("the metrics were not read around a dependency fault")
    read = [(record, between) for record, between in pairs if readable(between.before) and readable(between.after)]
    given = sum(record.facts.get("n_degraded", 0) for record, _ in read)
    counted: dict[str, float] = {}
    for _, between in read:
        for name, grew in growth_of(between, FALLBACK).items():
            counted[name] = counted.get(name, 0.0) + grew
    if not counted:
        return reached("missing", f"no counter of fallbacks among the metrics, while {given:.0f} degraded answers came back")
    most_given = max(given, sum(b.degraded for record, _ in read for b in record.bins))  # with those just before and after the fault
    fits = {name: grew for name, grew in counted.items() if given * bars["least"] <= grew <= most_given * bars["most"]}
    name, most = max((fits or counted).items(), key=lambda item: item[1])
    seen = f"{name} grew by {most:.0f} over {len(read)} dependency faults, in which {given:.0f} degraded answers came back"
    return reached("counts" if given > 0 and fits else "still", seen, measure("fallbacks counted", most, "answers", n=int(given)))
