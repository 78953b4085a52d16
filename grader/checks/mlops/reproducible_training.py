"""Would the same command give the same model again?"""

from __future__ import annotations

import re

from grader.checks.analysis.locks import differs, floats
from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

_TRAINING = re.compile(r"(?:^|[/._-])(?:re)?(?:train(?:ing|er)?|model(?:l?ing)?|pipelines?|research|offline)(?:[/._-]|$)", re.I)


def check(repository: RepositoryEvidence) -> Finding:
    command, seeds, pins = "training_command", "seeds_fixed", _pins(repository)
    rungs = [("repeatable", [command, seeds, pins]), ("half", [command, seeds]), ("half", [command, pins])]
    own = repository.probes.get(pins) if pins == "training_dependencies_pinned" else None
    if own is not None and holds(own) and (loose := floats(own)) is not None:
        unlocked = own.model_copy(update={"found": False, "detail": loose[0]})
        return climb(RepositoryEvidence(probes={**repository.probes, pins: unlocked}), rungs, none="unclear")
    found = climb(repository, rungs, none="unclear")
    if own is None or found.level != "repeatable" or (flaw := differs(own)) is None:
        return found
    return reached("apart", f"{flaw[0]}; {found.observed}", places=[flaw[1], *found.places])


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
