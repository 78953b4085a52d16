"""Is there a record of the run that made the model, of the parameters that it ran with?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import RepositoryEvidence

TRACKING = "experiment_tracking"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("recorded", [TRACKING])], none="none")
    unread = [sight for sight in repository.probes[TRACKING].sightings if "unread" in sight.facts] if finding.level == "recorded" else []
    if not unread:
        return finding
    passed = [sight for sight in unread if "uses" in sight.facts]
    told = passed[0] if passed else unread[0]
    why = f"in line {told.place.line} of {told.place.file}" if passed else f"is declared in {told.place.file}, and the training reads none of it"
    return reached("other", f"{told.text} {why}: what is recorded is not what ran", places=list(dict.fromkeys(sight.place for sight in unread[:3])))
