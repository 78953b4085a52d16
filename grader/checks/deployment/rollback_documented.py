"""Is the way back to the last good version written down, and does it lead somewhere?"""

from __future__ import annotations

from grader.checks.analysis.probes import climb
from grader.checks.api import Finding, reached
from grader.schema.evidence import Probe, RepositoryEvidence, Sighting

ROLLBACK = "rollback_documented"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("steps", [ROLLBACK]), ("runbook", ["runbook"])], none="none")
    lost = _lost(repository.probes[ROLLBACK]) if finding.level == "steps" else None
    if lost is None:
        return finding
    why = "keeps no revision (revisionHistoryLimit: 0)" if lost.facts.get("there") else "is no workload of the manifests"
    return reached("astray", f"`{lost.text}` brings nothing back: {lost.facts.get('name')} {why}", places=[lost.place])


def _lost(rollback: Probe) -> Sighting | None:
    """The first undone rollout that cannot be, where none can and no other way is told beside it."""
    undone = [sight for sight in rollback.sightings if "there" in sight.facts]
    bad = [sight for sight in undone if sight.facts["there"] == 0 or sight.facts.get("kept") == 0]
    return bad[0] if bad and len(bad) == len(undone) and not any(sight.facts.get("another_way") for sight in bad) else None
