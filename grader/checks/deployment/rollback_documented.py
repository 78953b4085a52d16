"""Is the way back to the last good version written down?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    return climb(repository, [("steps", ["rollback_documented"]), ("runbook", ["runbook"])], none="none")
