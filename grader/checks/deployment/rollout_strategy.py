"""Is it declared how a new version replaces the old one, so that something serves meanwhile and the old one can be had back?"""

from __future__ import annotations

from grader.checks.analysis.manifests import cut_off, moving_image
from grader.checks.analysis.probes import climb, holds
from grader.checks.api import Finding, reached
from grader.schema.evidence import Place, Probe, RepositoryEvidence

ROLLOUT = "manifest_rollout"


def check(repository: RepositoryEvidence) -> Finding:
    finding = climb(repository, [("declared", [ROLLOUT])], none="none")
    if finding.level != "declared":
        return finding
    if gap := _gap(repository.probes[ROLLOUT]):
        return reached("gap", gap, places=finding.places)
    if why := cut_off(repository):
        return reached("cut", why, places=finding.places)
    if stuck := _stuck(repository.probes[ROLLOUT]):
        return reached("stuck", stuck[0], places=[stuck[1]])
    if image := moving_image(repository):
        seen = f"declared for {image}, a tag that moves: no rollout brings in one version, and none brings it back"
        return reached("moving", seen, places=finding.places)
    return finding


def _gap(rollout: Probe) -> str | None:
    """Where all pods of what serves may be gone at once; of workloads among which none is known to serve, those of every one."""
    rolling = [sight for sight in rollout.sightings if "told" not in sight.facts]
    serving = [sight for sight in rolling if sight.facts.get("serves")] or rolling
    gone = [sight for sight in serving if sight.facts.get("unavailable", 0) == 1]
    if not holds(rollout) or not gone or len(gone) < len(serving):
        return None
    told, replicas = gone[0].facts.get("max_unavailable", "?"), gone[0].facts.get("replicas", "?")
    return f"maxUnavailable {told} of {replicas:g} replicas of {gone[0].text}: all old pods may be gone before a new one is ready"


def _stuck(rollout: Probe) -> tuple[str, Place] | None:
    """What keeps pods where they are: a strategy that may neither take one away nor add one, or a budget that never lets one go.

    Of several budgets (one for each environment, say) all have to.
    """
    still = [sight for sight in rollout.sightings if sight.facts.get("serves") and sight.facts.get("stands_still")]
    if still:
        return f"{still[0].text} may neither lose a pod nor add one (maxUnavailable 0, maxSurge 0): no cluster takes that", still[0].place
    budgets = [sight for sight in rollout.sightings if "told" in sight.facts]
    if not budgets or any(sight.facts.get("evictable") != 0 for sight in budgets):
        return None
    fewest, told = budgets[0].facts.get("fewest"), budgets[0].facts["told"]
    those = f"of {fewest:g}, the fewest that there are," if fewest else "of any number"
    told = f"{told} (rounded up)" if str(told).endswith("%") and not str(told).endswith((" 0%", " 100%")) else told
    return f"{budgets[0].text} with {told} lets no pod {those} go: no node under them can be emptied for an upgrade", budgets[0].place
