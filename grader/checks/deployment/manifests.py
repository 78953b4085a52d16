"""Are there orchestrator manifests, with probes and resources on the container that serves?"""

from __future__ import annotations

from grader.checks.analysis.manifests import K8S, PROBES, RESOURCES, idle, of_the_serving, unfurnished, well_asked
from grader.checks.analysis.probes import climb
from grader.checks.api import Bars, Finding, reached
from grader.schema.challenge import Challenge
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, challenge: Challenge, bars: Bars) -> Finding:
    rungs = [("complete", [K8S, PROBES, RESOURCES]), ("partial", [K8S, PROBES]), ("partial", [K8S, RESOURCES]), ("bare", [K8S])]
    finding = climb(of_the_serving(well_asked(repository, challenge, bars)), rungs, none="none")
    if finding.level in (None, "none"):
        return finding
    if wrong := idle(repository):
        lost = [sight.place for sight in repository.probes[K8S].sightings if "unmade" in sight.facts]
        return reached("idle", f"as declared, nothing is served: {'; '.join(wrong)}", places=lost or finding.places)
    if finding.level != "bare" and (lacking := unfurnished(repository)):
        return reached("unfurnished", "; ".join(sight.text for sight in lacking), places=[sight.place for sight in lacking])
    return finding
