"""Do training and serving share the code that builds the model's input?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("shared", ["shared_preprocessing"])]
    return climb(repository, rungs, none="apart")
