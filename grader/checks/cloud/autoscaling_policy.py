"""Is there an autoscaler with an upper bound, so that a spike cannot cost without limit?"""

from __future__ import annotations

from grader.checks.analysis.autoscaling import adds_replicas, aimless
from grader.checks.analysis.probes import holds
from grader.checks.api import Bars, Finding, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import RepositoryEvidence


def check(repository: RepositoryEvidence, challenge: Challenge, bars: Bars) -> Finding:
    scaler, target = repository.probes.get("autoscaler"), repository.probes.get("autoscaler_cpu_target")
    if scaler is None:
        return unmeasured("the repository scan did not look for an autoscaler")
    if not holds(scaler):
        return reached("none", f"no autoscaler{': ' + scaler.detail if scaler.detail else ''}")
    if not adds_replicas(repository):
        why = aimless(scaler) or (target.detail if target else "it watches nothing")
        return reached("none", f"{scaler.detail or 'an autoscaler'} that adds no replica: {why}")
    if scaler.value is None and any("top" in sight.facts for sight in scaler.sightings):
        return reached("bounded", "autoscaler whose upper bound a template fills in", places=scaler.places)
    if not scaler.value:
        return reached("unbounded", "autoscaler without an upper bound that could be read", places=scaler.places)
    spike_rps = challenge.reality.rate_rps * challenge.reality.burst_factor
    seen = f"autoscaler with at most {scaler.value:.0f} replicas"
    if scaler.value > spike_rps * bars["replicas_per_rps"]:
        return reached("unbounded", f"{seen}, for a spike of {spike_rps:g} requests/s: that bounds nothing", places=scaler.places)
    return reached("bounded", seen, places=scaler.places)
