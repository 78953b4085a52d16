"""Is there a dashboard as code, with queries?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    return climb(repository, [("queries", ["dashboard"])], none="none")
