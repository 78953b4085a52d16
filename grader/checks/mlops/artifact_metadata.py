"""Does the artifact carry its version, data digest and metrics?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("described", ["artifact_metadata"])]
    return climb(repository, rungs, none="bare")
