"""Manifests that an orchestrator or an infrastructure tool would apply: parsed, never matched as text."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

from grader.schema.evidence import Probe
from harness.source.probes import links
from harness.source.probes.budgets import budgets
from harness.source.probes.needs import needs
from harness.source.probes.platforms import PLATFORM
from harness.source.probes.workloads import NO_WORKLOAD, SERVING, handles, resources, scalers, spec_of, workloads
from harness.source.safe_yaml import TEMPLATED
from harness.source.view import View, basename, no_subject, probe, walk


def kubernetes_manifests(view: View) -> Probe:
    """value: number of workloads with a container image. sightings: the workloads, the services before them, and what they lack."""
    found = workloads(view)
    kinds = ", ".join(sorted({workload.kind for workload in found}))
    places = dict.fromkeys(workload.path for workload in found)
    seen = chain(needs(view), links.running(view), links.services(view))
    return probe(bool(found), kinds or NO_WORKLOAD, places, value=float(len(found)), sightings=seen)


def manifest_probes(view: View) -> Probe:
    """One serving container has both a readiness and a liveness probe with a handler. sightings: what the probes of each ask."""
    serving = workloads(view, SERVING)
    if not serving:
        return no_subject(NO_WORKLOAD)
    good = [w.path for w in serving if any(_probed(w.document, container) for container in w.containers)]
    detail = "readiness and liveness probe" if good else "no container with a readiness and a liveness probe"
    return probe(bool(good), detail, dict.fromkeys(good), sightings=links.asked(view))


def manifest_resources(view: View) -> Probe:
    """One serving container requests CPU and memory and has a memory limit (a CPU limit is a matter of taste)."""
    serving = workloads(view, SERVING)
    if not serving:
        return no_subject(NO_WORKLOAD)
    good = [w.path for w in serving if any(_sized(w.document, container.get("resources")) for container in w.containers)]
    return probe(bool(good), "requests and limits" if good else "no container with requests (cpu, memory) and a memory limit", dict.fromkeys(good))


def manifest_rollout(view: View) -> Probe:
    """A rollout that somebody decided: rolling-update parameters, canary steps, blue-green, or traffic weights.

    sightings: the rolling ones, and disruption budgets.
    """
    if not workloads(view, SERVING):
        return no_subject(NO_WORKLOAD)
    found = [(path, how) for path, document in resources(view) if (how := _rollout(document))]
    detail = ", ".join(sorted({how for _, how in found})) or "no rollout strategy declared"
    return probe(bool(found), detail, dict.fromkeys(path for path, _ in found), sightings=chain(links.rollouts(view), budgets(view)))


def autoscaler(view: View) -> Probe:
    """value: the highest maximum number of replicas, if one is known. sightings: every scaler and what it aims at."""
    found = scalers(view)
    if not found and not workloads(view):
        return no_subject(NO_WORKLOAD)
    tops = [scaler.top for scaler in found if scaler.top is not None]
    detail = ", ".join(sorted({str(scaler.document["kind"]) for scaler in found})) or "no autoscaler"
    value = max(tops) if tops else None if found else 0.0
    return probe(bool(found), detail, dict.fromkeys(scaler.path for scaler in found), value=value, sightings=links.aims(view))


def infrastructure_as_code(view: View) -> Probe:
    """value: number of kinds of tools. sightings: the kustomizations."""
    kinds = {kind: places for kind, places in _infrastructure(view).items() if places}
    places = [found[0] for found in kinds.values()]
    return probe(bool(kinds), ", ".join(kinds) or "none", places, value=float(len(kinds)), sightings=links.assemblies(view))


def _probed(document: dict[str, Any], container: dict[str, Any]) -> bool:
    """A serverless service has no readiness probe of its own: it starts to serve when its startup probe says so."""
    ready = handles(container.get("readinessProbe")) or (_is_serverless(document) and handles(container.get("startupProbe")))
    return ready and handles(container.get("livenessProbe"))


def _sized(document: dict[str, Any], wanted: object) -> bool:
    if not isinstance(wanted, dict):
        return False
    if TEMPLATED in wanted:
        return True
    requests, limits = wanted.get("requests"), wanted.get("limits")
    if _is_serverless(document) and isinstance(limits, dict) and not requests:
        requests = limits  # what is limited is what is paid for
    if not isinstance(requests, dict) or not isinstance(limits, dict):
        return False
    return all(requests.get(key) for key in ("cpu", "memory")) and bool(limits.get("memory"))


def _is_serverless(document: dict[str, Any]) -> bool:
    return bool(re.match(r"(?:serving\.knative\.dev|run\.googleapis\.com)/", document["apiVersion"]))


def _rollout(document: dict[str, Any]) -> str | None:
    spec = spec_of(document)
    kind, strategy = document["kind"], spec.get("strategy")
    if kind == "Deployment" and isinstance(strategy, dict):
        return "rolling update" if strategy.get("type") == "RollingUpdate" and isinstance(strategy.get("rollingUpdate"), dict) else None
    if kind == "StatefulSet" and isinstance(spec.get("updateStrategy"), dict) and spec["updateStrategy"].get("rollingUpdate"):
        return "rolling update"
    if kind == "Rollout" and isinstance(strategy, dict):
        return next((name for name in ("canary", "blueGreen") if isinstance(strategy.get(name), dict) and strategy[name]), None)
    if kind == "Canary" and isinstance(spec.get("analysis"), dict):
        return "canary"
    if kind == "InferenceService" and any(key == "canaryTrafficPercent" for key, _ in walk(spec)):
        return "canary"
    weights = [value for key, value in walk(spec) if key == "weight" and isinstance(value, int)]
    return "traffic weights" if kind in ("VirtualService", "HTTPRoute", "TraefikService") and len(weights) >= 2 else None


def _infrastructure(view: View) -> dict[str, list[str]]:
    """Tool -> the files in which it declares something."""
    charts = [path[: -len("Chart.yaml")] for path in view.paths if basename(path) == "Chart.yaml"]
    found = {
        "terraform": [p for p in view.paths if p.endswith(".tf") and re.search(r"^[ \t]*(?:resource|module)\s+\"", view.text(p) or "", re.M)],
        "helm": [chart + "Chart.yaml" for chart in charts if any(path.startswith(chart + "templates/") for path in view.paths)],
        "kubernetes": sorted({workload.path for workload in workloads(view) if workload.document["apiVersion"] != PLATFORM}),
        "ecs": sorted({w.path for w in workloads(view) if w.path.endswith(".json") and w.document["apiVersion"] == PLATFORM}),
        "pulumi": [path for path in view.paths if basename(path) == "Pulumi.yaml"],
        "bicep": [p for p in view.paths if p.endswith(".bicep") and re.search(r"^resource\s+\w+\s+'", view.text(p) or "", re.M)],
    }
    for tool, declares in _BY_DOCUMENT.items():
        found[tool] = [path for path, documents in view.yaml.items() if any(declares(path, document) for document in documents)]
    return found


def _kustomize(path: str, document: object) -> bool:
    return basename(path).startswith("kustomization.") and isinstance(document, dict) and bool(document.get("resources"))


def _compose(path: str, document: object) -> bool:
    services = document.get("services") if isinstance(document, dict) and "compose" in basename(path) else None
    return isinstance(services, dict) and any(isinstance(s, dict) and ("image" in s or "build" in s) for s in services.values())


def _cloudformation(_: str, document: object) -> bool:
    resources = document.get("Resources") if isinstance(document, dict) else None
    return isinstance(resources, dict) and any(isinstance(r, dict) and str(r.get("Type", "")).startswith("AWS::") for r in resources.values())


def _ansible(_: str, document: object) -> bool:
    plays = document if isinstance(document, list) else []
    return any(isinstance(play, dict) and "hosts" in play and ("tasks" in play or "roles" in play) for play in plays)


_BY_DOCUMENT = {"kustomize": _kustomize, "compose": _compose, "cloudformation": _cloudformation, "ansible": _ansible}

PROBES = {
    "kubernetes_manifests": kubernetes_manifests,
    "manifest_probes": manifest_probes,
    "manifest_resources": manifest_resources,
    "manifest_rollout": manifest_rollout,
    "autoscaler": autoscaler,
    "infrastructure_as_code": infrastructure_as_code,
}
