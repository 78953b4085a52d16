"""Is the training data versioned?"""

from __future__ import annotations

from grader.checks.analysis.digests import contradicted
from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

DATA = "data_versioned"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("versioned", [DATA])], none="none")
    other = contradicted(repository.probes[DATA]) if finding.level == "versioned" else None
    if other is None:
        return finding
    return reached("other", f"{other.text[:60]} is recorded, and the file of that name has another digest", places=[other.place])
