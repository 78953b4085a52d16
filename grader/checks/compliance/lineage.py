"""Do model, data and code point at each other?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("linked", ["lineage_metadata"])]
    return climb(repository, rungs, none="none")
