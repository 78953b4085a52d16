"""Is the build kept small: what goes into the context, what stays in the image?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("tidy", ["dockerignore", "multi_stage_build"]), ("half", ["dockerignore"]), ("half", ["multi_stage_build"])]
    return climb(repository, rungs, none="careless")
