"""Is training data checked before it trains anything?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("checked", ["data_validation"])]
    return climb(repository, rungs, none="trusting")
