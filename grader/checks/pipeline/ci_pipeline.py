"""Does a CI workflow run the tests and build the image?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    workflow, tests, image = "ci_workflow", "ci_runs_tests", "ci_builds_image"
    rungs = [("complete", [workflow, tests, image]), ("tests", [workflow, tests]), ("bare", [workflow])]
    return climb(repository, rungs, none="none")
