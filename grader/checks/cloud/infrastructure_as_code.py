"""Is the infrastructure written as code that is complete?"""

from __future__ import annotations

import re

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

CODE = "infrastructure_as_code"
_KEPT_OUT = re.compile(r"secret|credential|\.env|sealed|token|cert|\bca\b|key", re.I)
"""Files that are kept out of a repository on purpose."""


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("code", [CODE])], none="none")
    if finding.level != "code":
        return finding
    named = [(sight.place, name) for sight in repository.probes[CODE].sightings for name in str(sight.facts.get("missing", "")).split(", ") if name]
    missing = [(place, name) for place, name in named if not _KEPT_OUT.search(name)]
    idle = [(sight.place, str(sight.facts["left_out"])) for sight in repository.probes[CODE].sightings if sight.facts.get("left_out")]
    if not missing and idle:
        return reached("incomplete", f"nothing applies {idle[0][1]}: the kustomization beside it leaves it out", places=[idle[0][0]])
    if not missing:
        return finding
    listed = ", ".join(dict.fromkeys(name for _, name in missing))
    return reached("incomplete", f"a kustomization names files that are not there, so it is never applied: {listed}", places=[missing[0][0]])
