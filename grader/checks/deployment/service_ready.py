"""From `docker start` to the first 200 of the ready route."""

from __future__ import annotations

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence, bars: Bars) -> Finding:
    ready = boot.first_ready_s
    if ready is None:
        return reached("never", "the ready route never answered 200")
    level = up_to(ready, (bars["fast_s"], "fast"), (bars["fair_s"], "fair"), beyond="slow")
    predicts = "never predicted" if boot.first_prediction_s is None else f"first prediction after {boot.first_prediction_s:.1f} s"
    return reached(level, f"ready {ready:.1f} s after the start (at most {bars['fast_s']:g} s), {predicts}", measure("ready after", ready, "s"))
