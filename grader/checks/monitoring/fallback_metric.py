"""Are fallback answers counted? Read around the dependency faults, where we know that there were some."""

from __future__ import annotations

import re

from grader.checks.analysis.faults import DEPENDENCY
from grader.checks.analysis.metrics import Between, growth_of, readable
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultsEvidence, MetricsEvidence, SentTruth

FALLBACK = re.compile(r"fallback|degrad", re.I)


def check(metrics: MetricsEvidence, faults: FaultsEvidence, bars: Bars) -> Finding:
    around = [(id, between) for id in DEPENDENCY if (between := _around(metrics, id))]
    if not around:
        return unmeasured("the metrics were not read around a dependency fault")
    readings = [(id, between) for id, between in around if readable(between.before) and readable(between.after)]
    given = sum(record.facts.get("n_degraded", 0) for id, _ in readings if (record := faults.fault(id)))
    counted: dict[str, float] = {}
    for _, between in readings:
        for name, grew in growth_of(between, FALLBACK).items():
            counted[name] = counted.get(name, 0.0) + grew
    if not counted:
        return reached("missing", "no counter of fallbacks among the metrics")
    name, most = max(counted.items(), key=lambda item: item[1])
    seen = f"{name} grew by {most:.0f} over {len(readings)} dependency faults, in which {given:.0f} degraded answers came back"
    figure = measure("fallbacks counted", most, "answers")
    if most <= 0 or given <= 0:
        return reached("still", seen, figure)
    return reached("counts" if most >= given * bars["least"] else "still", seen, figure)


def _around(metrics: MetricsEvidence, fault: str) -> Between | None:
    """The scrapes `before_<fault>` and `after_<fault>`; the truth between them is in the fault's own record."""
    before, after = metrics.scrape(f"before_{fault}"), metrics.scrape(f"after_{fault}")
    nothing = SentTruth(since="", until="", sent=0, statuses={}, mean_latency_ms=None, score_n=0, score_mean=None, score_sd=None)
    return Between(before, after, nothing) if before and after else None
