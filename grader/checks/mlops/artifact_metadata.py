"""Does the artifact carry its version, data digest and metrics?"""

from __future__ import annotations

from grader.checks.analysis.digests import contradicted
from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

METADATA = "artifact_metadata"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("described", [METADATA])], none="bare")
    if finding.level != "described":
        return finding
    other = contradicted(repository.probes[METADATA])
    if other is None:
        if flattered := [sight for sight in repository.probes[METADATA].sightings if sight.facts.get("flattered")]:
            place = flattered[0].place
            return reached("flattered", f"line {place.line} of {place.file}: {flattered[0].text}", places=[place])
        apart = [sight for sight in repository.probes[METADATA].sightings if sight.facts.get("apart")]
        if not apart:
            return finding
        return reached("other", f"the record and the artifact differ in {apart[0].facts['apart']}", places=[apart[0].place])
    return reached("other", f"{other.text[:60]} is recorded, and the model that it speaks of is another", places=[other.place])
