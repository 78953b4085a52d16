"""Do personal values that we sent stand in the metrics or in the audit file? Without either there is no record to be clean."""

from __future__ import annotations

from grader.checks.api import Finding, measure, reached, unmeasured
from grader.schema.evidence import AuditEvidence, MetricsEvidence


def check(metrics: MetricsEvidence, audit: AuditEvidence) -> Finding:
    exposed = metrics.canaries_found
    kept = audit.canaries_found if audit.exists else None
    found = {"metrics": exposed, "audit file": kept}
    read = {name: count for name, count in found.items() if count is not None}
    if not read:
        untold = audit.exists or any(scrape.status == 200 for scrape in metrics.scrapes)
        return unmeasured("neither was read for them") if untold else reached("no_record", "there are neither metrics nor an audit file")
    seen = ", ".join(f"{count} in the {name}" for name, count in read.items())
    figure = measure("leaked values", sum(read.values()), "values")
    return reached("leaks" if any(read.values()) else "clean", f"personal values that we sent: {seen}", figure)
