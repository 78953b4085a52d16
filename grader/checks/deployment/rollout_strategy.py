"""Is it declared how a new version replaces the old one, so that something serves meanwhile and the old one can be had back?"""

from __future__ import annotations

from grader.checks.analysis.manifests import cut_off, moving_image
from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding, reached
from grader.schema.evidence import Probe, RepositoryEvidence

ROLLOUT = "manifest_rollout"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("declared", [ROLLOUT])], none="none")
    if finding.level != "declared":
        return finding
    if gap := _gap(repository.probes[ROLLOUT]):
        return reached("gap", gap, places=finding.places)
    if why := cut_off(repository):
        return reached("cut", why, places=finding.places)
    if image := moving_image(repository):
        seen = f"declared for {image}, a tag that moves: no rollout brings in one version, and none brings it back"
        return reached("moving", seen, places=finding.places)
    return finding


def _gap(rollout: Probe) -> str | None:
    """Where all pods of what serves may be gone at once; of workloads among which none is known to serve, those of every one."""
    serving = [sight for sight in rollout.sightings if sight.facts.get("serves")] or rollout.sightings
    gone = [sight for sight in serving if sight.facts.get("unavailable", 0) == 1]
    if not holds(rollout) or not gone or len(gone) < len(serving):
        return None
    told, replicas = gone[0].facts.get("max_unavailable", "?"), gone[0].facts.get("replicas", "?")
    return f"maxUnavailable {told} of {replicas:g} replicas of {gone[0].text}: all old pods may be gone before a new one is ready"
