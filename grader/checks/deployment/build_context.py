"""Is the build kept small: what goes into the context, what stays in the image?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence) -> Finding:
    rungs = [("tidy", ["dockerignore", "multi_stage_build"]), ("half", ["dockerignore"]), ("half", ["multi_stage_build"])]
    found = climb(repository, rungs, none="careless")
    copies = repository.probes["dockerignore"].sightings if found.level in ("tidy", "half") else []
    laden = next((copy for copy in copies if copy.facts.get("training_data")), None)
    if laden is None:
        return found
    seen = f"`{laden.text}` ({laden.place.file}:{laden.place.line}) brings {laden.facts['training_data']} into the image, where nothing reads it"
    return reached("laden", f"{seen}; {found.observed}", places=[laden.place, *found.places])
