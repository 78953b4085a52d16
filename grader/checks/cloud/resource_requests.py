"""Are requests and limits declared?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("declared", ["manifest_resources"])]
    return climb(repository, rungs, none="none")
