"""Are the steps from raw data to artifact declared as a pipeline?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("declared", ["pipeline_definition"])]
    return climb(repository, rungs, none="none")
