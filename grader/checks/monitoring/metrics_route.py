"""Does the metrics route serve readable metrics of the service's own, the same from every worker?"""

from __future__ import annotations

from itertools import pairwise

from grader.checks.analysis.metrics import falling_counter, own_families, readable
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
    idle = [scrape for scrape in good if scrape.moment.startswith("idle")]
    fallen = next((name for a, b in pairwise(idle) if (name := falling_counter(a, b))), None)
    if fallen:
        return reached("split", f"{fallen} fell between two scrapes with nothing sent: each worker reports its own numbers")
    problem = next((scrape.problem for scrape in metrics.scrapes if scrape.problem), None)
    if problem:
        return reached("flawed", f"{len(good)} of {len(metrics.scrapes)} scrapes readable; {problem}")
    families = measure("metric families", len(own), "families")
    return reached("readable", f"{len(good)} scrapes, all readable, {len(own)} metric families of its own", families)
