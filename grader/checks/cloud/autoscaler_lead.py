"""Would the declared autoscaler add a replica before the latency target breaks, on the measured curve of CPU against latency?"""

from __future__ import annotations

from grader.checks.analysis.autoscaling import aimless, blind, curve, most_cores, rate_at, slo_limit, threshold_cores
from grader.checks.analysis.load import usable_capacity
from grader.checks.analysis.probes import holds
from grader.checks.analysis.rungs import up_to
from grader.checks.api import Bars, Finding, measure, not_applicable, reached, unmeasured
from grader.schema.challenge import Challenge
from grader.schema.evidence import Capacity, LoadEvidence, RepositoryEvidence, StressEvidence


def check(repository: RepositoryEvidence, load: LoadEvidence, stress: StressEvidence, challenge: Challenge, bars: Bars) -> Finding:
    ids = ("autoscaler", "autoscaler_cpu_target", "autoscaler_other_metric", "declared_cpu_request")
    scaler, target, other, request = (repository.probes.get(id) for id in ids)
    if scaler is None or target is None or other is None or request is None:
        return unmeasured("the repository scan did not look for what the autoscaler watches")
    if not holds(scaler) or not (holds(target) or holds(other)) or aimless(scaler):
        return reached("none", f"nothing adds replicas under load: {aimless(scaler) or target.detail}")
    if not holds(target) and (why := blind(other.detail.split(", "), load, bars["memory_moves"])):
        return reached("never", f"it scales on {why}", places=other.places)
    if not holds(target):
        return not_applicable(f"it scales on {other.detail}, whose value at the latency limit we do not see")
    if target.value is not None and not holds(request):
        return reached("never", f"{target.detail}, but {request.detail}: without a request there is nothing to take a share of")
    threshold, points = threshold_cores(repository), curve(load, stress, challenge)
    if threshold is None:
        return unmeasured(f"{target.detail}; {request.detail}")
    at = rate_at(points, threshold)
    fires = f"it adds a replica at {threshold:.2g} cores per replica" + (f" (about {at:.0f} requests/s)" if at else "")
    finding = usable_capacity(stress, lambda found: _judge(found, repository, threshold, fires, challenge, bars), best="in_time")
    if holds(other) and finding.level not in (None, "in_time"):
        return not_applicable(f"{finding.observed}; but it also scales on {other.detail}, whose value there we do not see")
    return finding.model_copy(update={"places": target.places})


def _judge(capacity: Capacity, repository: RepositoryEvidence, threshold: float, fires: str, challenge: Challenge, bars: Bars) -> Finding:
    if capacity.rate_rps is None:
        return reached("never", f"{fires}, but the latency target is missed at every rate that was tried")
    limit = slo_limit(capacity, repository, challenge)
    if limit is None:
        return unmeasured("CPU in use at the latency limit was not measured")
    ends = "holds at least up to" if limit.at_least else "breaks beyond"
    seen = f"{fires}; the latency target {ends} {limit.cores:.2g} cores ({limit.rate_rps:.0f} requests/s)"
    level = up_to(threshold, (limit.cores * bars["lead"], "in_time"), (limit.cores, "late"), beyond="never")
    if limit.at_least and level != "in_time":
        return unmeasured(f"{seen}, and more could not be sent")
    if level == "never":
        most = most_cores(capacity, challenge)
        seen += f"; at no load did it use more than {most:.2g}" if most < threshold else "; by then the target is long broken"
    return reached(level, seen, measure("scales at", threshold, "cores"), measure("CPU at the latency limit", limit.cores, "cores"))
