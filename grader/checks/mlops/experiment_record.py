"""Is there a record of the run that made the model?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("recorded", ["experiment_tracking"])]
    return climb(repository, rungs, none="none")
