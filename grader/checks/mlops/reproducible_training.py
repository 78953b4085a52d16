"""Would the same command give the same model again?"""

from __future__ import annotations

import re

from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding
from grader.schema.evidence import RepositoryEvidence

_TRAINING = re.compile(r"(?:^|[/._-])(?:re)?(?:train(?:ing|er)?|model(?:l?ing)?|pipelines?|research|offline)(?:[/._-]|$)", re.I)


def check(repository: RepositoryEvidence) -> Finding:
    command, seeds, pins = "training_command", "seeds_fixed", _pins(repository)
    rungs = [("repeatable", [command, seeds, pins]), ("half", [command, seeds]), ("half", [command, pins])]
    return climb(repository, rungs, none="unclear")


def _pins(repository: RepositoryEvidence) -> str:
    """The probe that tells of the environment that trains: its own where it declares one, else that of the image."""
    own = repository.probes.get("training_dependencies_pinned")
    if own is not None:
        return "training_dependencies_pinned" if own.subject else "dependencies_pinned"
    return "lock_file" if _has_lock_of_its_own(repository) else "dependencies_pinned"  # evidence from before the scan looked for it


def _has_lock_of_its_own(repository: RepositoryEvidence) -> bool:
    """Whether a lock file is named for the training: what the image installs then says nothing about it."""
    locks = repository.probes.get("lock_file")
    return locks is not None and holds(locks) and any(_TRAINING.search(place.file) for place in locks.places)
