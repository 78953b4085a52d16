"""Is it declared how a new version replaces the old one?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    return climb(repository, [("declared", ["manifest_rollout"])], none="none")
