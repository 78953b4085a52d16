"""Is the training data versioned?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

DATA = "data_versioned"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("versioned", [DATA])], none="none")
    compared = repository.probes[DATA].sightings if finding.level == "versioned" else []
    others = [sight for sight in compared if sight.facts.get("matches") == 0]
    if not others or len(others) < len(compared):
        return finding
    return reached("other", f"{others[0].text[:60]} is recorded, and the file of that name has another digest", places=[others[0].place])
