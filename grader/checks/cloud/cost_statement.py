"""Is the cost per million predictions stated, with its reasoning?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("reasoned", ["cost_statement", "sizing_rationale"]), ("stated", ["cost_statement"])]
    return climb(repository, rungs, none="none")
