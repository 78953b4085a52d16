"""Does the metrics route serve readable metrics of the service's own, the same from every worker?"""

from __future__ import annotations

from grader.checks.analysis.lies import fallen, idle_pairs, started_anew
from grader.checks.analysis.metrics import own_families, readable
from grader.checks.api import Finding, measure, reached, unmeasured
from grader.schema.evidence import MetricsEvidence


def check(metrics: MetricsEvidence) -> Finding:
    if not metrics.scrapes:
        return unmeasured("the metrics route was never asked")
    good = [scrape for scrape in metrics.scrapes if readable(scrape)]
    last = metrics.scrapes[-1]
    if not good:
        return reached("missing", f"none of {len(metrics.scrapes)} scrapes could be read: {last.problem or f'status {last.status}'}")
    own = own_families(good[-1])
    if not own:
        return reached("missing", "the metrics route tells about the language runtime only")
    problem = next((scrape.problem for scrape in metrics.scrapes if scrape.problem), None)
    fell = next((found for a, b in idle_pairs(metrics) if (found := fallen(a, b))), None)
    if fell and not fell[1]:
        return reached("split", f"{fell[0]} and others fell between two scrapes with nothing sent: each worker reports its own numbers")
    fell = fell or _fell_under_load(metrics)
    if fell:
        return reached("split", f"{fell[0]} is declared a counter and fell without a restart: one worker's numbers at a time, or a gauge")
    if problem:
        return reached("flawed", f"{len(good)} of {len(metrics.scrapes)} scrapes readable; {problem}")
    families = measure("metric families", len(own), "families")
    return reached("readable", f"{len(good)} scrapes, all readable, {len(own)} metric families of its own", families)


def _fell_under_load(metrics: MetricsEvidence) -> tuple[str, bool] | None:
    before, after = metrics.scrape("before_steady"), metrics.scrape("after_steady")
    if before is None or after is None or not (readable(before) and readable(after)) or started_anew(before, after):
        return None
    return fallen(before, after)
