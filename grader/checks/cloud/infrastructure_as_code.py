"""Is the infrastructure written as code?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("code", ["infrastructure_as_code"])]
    return climb(repository, rungs, none="none")
