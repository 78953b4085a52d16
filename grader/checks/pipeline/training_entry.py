"""Can the model be trained by one command, outside of a notebook?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("command", ["training_script", "training_command"]), ("script", ["training_script"])]
    return climb(repository, rungs, none="notebook")
