"""Would the same command give the same model again?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    command, seeds, pins = "training_command", "seeds_fixed", "dependencies_pinned"
    rungs = [("repeatable", [command, seeds, pins]), ("half", [command, seeds]), ("half", [command, pins])]
    return climb(repository, rungs, none="unclear")
