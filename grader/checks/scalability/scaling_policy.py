"""Is there an autoscaler, and a reason for its numbers?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("reasoned", ["autoscaler", "sizing_rationale"]), ("declared", ["autoscaler"])]
    return climb(repository, rungs, none="none")
