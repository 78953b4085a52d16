"""What does a scrape cost while the service is busy?"""

from __future__ import annotations

from statistics import median

from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import MetricsEvidence


def check(metrics: MetricsEvidence, bars: Bars) -> Finding:
    busy = [taken for taken in metrics.under_load if taken.rps >= bars["busy_rps"]]
    if not busy:
        return unmeasured("no scrape was taken while requests were sent")
    whole = [taken for taken in busy if taken.status == 200 and taken.error is None]
    rate = median(taken.rps for taken in busy)
    if not whole:
        return reached("lost", f"none of {len(busy)} scrapes at about {rate:.0f} requests/s gave a whole answer: {busy[0].error or busy[0].status}")
    seconds, largest = median(taken.seconds for taken in whole), max(taken.bytes for taken in whole)
    failed = len(busy) - len(whole)
    level = up_to(seconds, (bars["cheap_s"], "cheap"), (bars["slow_s"], "slow"), beyond="heavy")
    why = ""
    if level != "heavy" and failed > bars["failed"] * len(busy):
        level, why = "heavy", f"; {failed} of {len(busy)} scrapes failed"
    elif level == "cheap" and largest > bars["bytes"]:
        level, why = "slow", f"; over {bars['bytes'] / 2**20:g} MiB"
    seen = f"{len(busy)} scrapes at about {rate:.0f} requests/s took {seconds * 1e3:.0f} ms (median) and up to {largest / 1024:.0f} KiB{why}"
    return reached(level, seen, measure("scrape under load", seconds * 1e3, "ms", n=len(whole)), measure("size", largest / 1024, "KiB"))
