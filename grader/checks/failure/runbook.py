"""Is it written down what the person on call does?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    return climb(repository, [("steps", ["runbook"])], none="none")
